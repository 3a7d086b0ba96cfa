/** When a job runs: pure rules over its schedule, what is stored of it, and the present moment. */

import { minuteMs } from '../../core/clock';

export const resultados = ['em_andamento', 'sucesso', 'erro', 'tempo_esgotado', 'interrompida'] as const;
export type Resultado = (typeof resultados)[number];

/** Why a run began: its schedule, a schedule that was missed, somebody, or a failure before. */
export const origens = ['agenda', 'atraso', 'manual', 'repeticao'] as const;
export type Origem = (typeof origens)[number];

/** Counts schedules on a calendar. */
export interface Schedules {
  /**
   * The first moment of a schedule after another moment.
   * @returns epoch milliseconds, or null for a pattern that is none or never comes.
   */
  next(agenda: string, afterMs: number): number | null;
}

/** What is stored of a job. */
export interface TarefaEstado {
  nome: string;
  /** The schedule it was given in place of its own. */
  agenda: string | null;
  ativa: boolean;
  /** The next scheduled moment, epoch milliseconds. */
  proxima_em: number;
  /** When a failed run is tried again; null when none is to be. */
  repetir_em: number | null;
  /** Failed runs in a row. */
  falhas: number;
  rev: number;
}

export interface Execucao {
  id: string;
  nome: string;
  origem: Origem;
  /** The moment it was for. */
  prevista_em: number;
  inicio: number;
  fim: number | null;
  resultado: Resultado;
  detalhe: string;
}

/** How long after each failure in a row it is tried again; then it waits for its schedule. */
const retryAfterMs = [minuteMs, 5 * minuteMs] as const;
/** A run that begins this late was missed: the server was stopped, or the clock was moved. */
const lateMs = minuteMs;

export interface Due {
  origem: Origem;
  prevista_em: number;
}

/** Whether a job is due now, and why. A schedule that came any number of times is due once. */
export function dueNow({ ativa, proxima_em, repetir_em }: TarefaEstado, now: number): Due | null {
  if (!ativa) return null;
  if (proxima_em <= now) {
    return { origem: now - proxima_em > lateMs ? 'atraso' : 'agenda', prevista_em: proxima_em };
  }
  if (repetir_em !== null && repetir_em <= now) return { origem: 'repeticao', prevista_em: repetir_em };
  return null;
}

/**
 * The scheduled moment to wait for.
 *
 * A stored moment lies further ahead than the schedule says only after the clock was turned back, and then the earlier
 * one counts: a job must not stand still until the old time has come again.
 */
export function awaited(stored: number, next: number): number {
  return Math.min(stored, next);
}

/** What becomes of a job after a run. */
export function afterRun(
  estado: TarefaEstado,
  resultado: Resultado,
  now: number,
): Pick<TarefaEstado, 'falhas' | 'repetir_em'> {
  if (resultado === 'sucesso') return { falhas: 0, repetir_em: null };
  const wait = retryAfterMs[estado.falhas];
  return { falhas: estado.falhas + 1, repetir_em: wait === undefined ? null : now + wait };
}
