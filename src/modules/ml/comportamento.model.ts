/**
 * What a customer's behaviour adds to the cold-start model, which never saw any: bounded steps in log-odds, set by hand and
 * written down here, until the installation's own history is enough to learn from.
 *
 * | sign | adds at most | full effect at |
 * |---|---|---|
 * | machines silent | +1.6 | all of them, for 14 days |
 * | overdue invoices | +1.4 | three, or one for 45 days |
 * | fewer heartbeats than in the weeks before | +0.8 | none left |
 * | versions behind | +0.4 | six |
 * | refusals by the licence | +0.6 | thirty in 30 days |
 * | every machine in use | -0.5 | |
 */

import type { Fator } from './fatores.model';

/** What is known of a customer's behaviour; counts are of now unless said otherwise. */
export interface Comportamento {
  maquinas: number;
  /** Machines not heard for more than three days, and for how many days the longest. */
  maquinas_silenciosas: number;
  dias_de_silencio: number;
  faturas_vencidas: number;
  dias_de_atraso: number;
  /** Heartbeats of the last 7 days over a week's mean of the 21 days before; null when there were none before. */
  tendencia: number | null;
  /** Published versions newer than the oldest that a machine runs. */
  versoes_atras: number;
  /** Validations and activations that the licence refused, 30 days. */
  recusas: number;
}

const silenceFullDays = 14;
const silenceMax = 1.6;
const overdueMax = 1.4;
const overdueEach = 0.45;
const overdueFullDays = 45;
const trendMax = 0.8;
const behindEach = 0.07;
const behindMax = 0.4;
const refusalEach = 0.02;
const refusalsMax = 0.6;
const inUse = -0.5;
/** A drop smaller than this is a quiet week. */
const trendIgnored = 0.8;

/** The adjustments that apply, with the words for them. */
export function behaviourFactors(known: Comportamento): Fator[] {
  const factors: Fator[] = [];
  const add = (nome: string, valor: number, logOdds: number, texto: string): void => {
    factors.push({ nome, valor, logOdds, texto });
  };
  if (known.maquinas > 0 && known.maquinas_silenciosas > 0) {
    const share = known.maquinas_silenciosas / known.maquinas;
    const length = Math.min(1, known.dias_de_silencio / silenceFullDays);
    add(
      'maquinas_silenciosas',
      known.maquinas_silenciosas,
      silenceMax * share * length,
      `${known.maquinas_silenciosas} de ${plural(known.maquinas, 'máquina', 'máquinas')} sem sinal há ${plural(known.dias_de_silencio, 'dia', 'dias')}`,
    );
  } else if (known.maquinas > 0) {
    const texto = known.maquinas === 1 ? 'a única máquina está em uso' : `todas as ${known.maquinas} máquinas em uso`;
    add('maquinas_em_uso', known.maquinas, inUse, texto);
  }
  if (known.faturas_vencidas > 0) {
    const byCount = overdueEach * known.faturas_vencidas;
    const byAge = overdueMax * Math.min(1, known.dias_de_atraso / overdueFullDays);
    add(
      'faturas_vencidas',
      known.faturas_vencidas,
      Math.min(overdueMax, Math.max(byCount, byAge)),
      `${plural(known.faturas_vencidas, 'fatura vencida', 'faturas vencidas')}, a mais antiga há ${plural(known.dias_de_atraso, 'dia', 'dias')}`,
    );
  }
  if (known.tendencia !== null && known.tendencia < trendIgnored) {
    const fall = Math.round((1 - known.tendencia) * 100);
    add(
      'tendencia_de_uso',
      known.tendencia,
      trendMax * (1 - known.tendencia),
      `uso ${fall} % menor na última semana do que nas três anteriores`,
    );
  }
  if (known.versoes_atras > 0) {
    const logOdds = Math.min(behindMax, behindEach * known.versoes_atras);
    add('versoes_atras', known.versoes_atras, logOdds, `${plural(known.versoes_atras, 'versão', 'versões')} atrás`);
  }
  if (known.recusas > 0) {
    const logOdds = Math.min(refusalsMax, refusalEach * known.recusas);
    add(
      'recusas',
      known.recusas,
      logOdds,
      `${plural(known.recusas, 'validação recusada', 'validações recusadas')} em 30 dias`,
    );
  }
  return factors;
}

function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
