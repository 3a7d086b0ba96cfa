/** From an installation's history to a training set: what was known of each customer at past moments, and who then left. */

import { dayMs } from '../../core/clock';

/** A customer counts as leaving when it leaves within so long after the moment. */
export const horizonMs = 60 * dayMs;
/** Moments are this far apart. */
const stepMs = 30 * dayMs;
const momentsMax = 24;
/** The latest share of the moments judges, the earlier ones teach. */
const judgingShare = 0.3;

export const customersMin = 200;
export const cancellationsMin = 30;

/** A customer's time with the house. */
export interface Passagem {
  id: string;
  desde: number;
  /** When it left; null while it has not. */
  ate: number | null;
}

/** A customer at a past moment, and what came of it. */
export interface Exemplo {
  id: string;
  at: number;
  /** 1 when it left within the horizon. */
  saiu: 0 | 1;
}

export interface Conjuntos {
  treino: Exemplo[];
  /** Later than anything in `treino`, the horizon included. */
  teste: Exemplo[];
}

/** The moments of a history, oldest first: the last is a whole horizon ago. */
export function momentsOf(passagens: readonly Passagem[], now: number): number[] {
  const first = passagens.reduce((earliest, { desde }) => Math.min(earliest, desde), now);
  const moments: number[] = [];
  for (let at = now - horizonMs; at > first && moments.length < momentsMax; at -= stepMs) moments.unshift(at);
  return moments;
}

/** Who was a customer at a moment, and who left within the horizon after it. */
export function examplesAt(passagens: readonly Passagem[], at: number): Exemplo[] {
  return passagens
    .filter(({ desde, ate }) => desde <= at && (ate === null || ate > at))
    .map(({ id, ate }) => ({ id, at, saiu: ate !== null && ate <= at + horizonMs ? 1 : 0 }));
}

/** Divides by time: nothing that was still open when the first judging moment came may teach. */
export function splitByTime(moments: readonly number[], examples: readonly Exemplo[]): Conjuntos {
  const judging = Math.max(1, Math.round(moments.length * judgingShare));
  const from = moments[moments.length - judging] ?? Number.POSITIVE_INFINITY;
  return {
    treino: examples.filter(({ at }) => at + horizonMs <= from),
    teste: examples.filter(({ at }) => at >= from),
  };
}

/** What a history still lacks, in words; null when it is enough. */
export function missingHistory(passagens: readonly Passagem[], { treino, teste }: Conjuntos): string | null {
  const cancellations = passagens.filter(({ ate }) => ate !== null).length;
  if (passagens.length < customersMin) {
    return `Há ${passagens.length} clientes; faltam ${customersMin - passagens.length} para treinar com ${customersMin}.`;
  }
  if (cancellations < cancellationsMin) {
    return `Houve ${cancellations} cancelamentos; faltam ${cancellationsMin - cancellations} para treinar com ${cancellationsMin}.`;
  }
  const bothOutcomes = (set: readonly Exemplo[]): boolean =>
    set.some(({ saiu }) => saiu === 1) && set.some(({ saiu }) => saiu === 0);
  if (!bothOutcomes(treino) || !bothOutcomes(teste)) {
    return 'A história é curta demais: é preciso ter havido cancelamentos antes e depois de um mesmo dia.';
  }
  return null;
}
