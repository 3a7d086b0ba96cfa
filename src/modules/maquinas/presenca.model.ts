/**
 * When a machine counts as gone. Pure rules over attended time: the time during which this server was in a position to hear
 * anybody, so that its own stalls, backups and restarts are never held against a machine.
 */

import { dayMs, secondMs } from '../../core/clock';

export const missedIntervalsMax = 3;
/** A connection that ended may come back: a machine is offline when it has not, this long after. */
export const reconnectGraceMs = 10 * secondMs;
/** Silent for so long, a machine is given up. */
export const lostAfterMs = 30 * dayMs;
/** Looks further apart than planned by more than this are a stall of the server. */
const stallToleranceMs = 2 * secondMs;

/** Why a machine is offline: it said goodbye, its connection broke, or it has been silent for three intervals. */
export type MotivoOffline = 'desconectou' | 'conexao_perdida' | 'sem_heartbeat';

/** What is known of a machine that was online; times are attended time, milliseconds. */
export interface Presenca {
  ouvidaEm: number;
  /** The end of its connection, unless it has been heard or seen to connect since. */
  saida: { em: number; motivo: Exclude<MotivoOffline, 'sem_heartbeat'> } | null;
}

export interface RegrasPresenca {
  intervaloMs: number;
  /** Nobody is offline for silence before this: after a start, machines get an interval to be heard again. */
  carenciaAte: number;
}

/** The moment from which the machine is offline, unless it is heard before, and why it will be. */
export function offlineAt(
  { ouvidaEm, saida }: Presenca,
  { intervaloMs, carenciaAte }: RegrasPresenca,
): { em: number; motivo: MotivoOffline } {
  const silencio = Math.max(ouvidaEm + missedIntervalsMax * intervaloMs, carenciaAte);
  if (saida && saida.em + reconnectGraceMs <= silencio)
    return { em: saida.em + reconnectGraceMs, motivo: saida.motivo };
  return { em: silencio, motivo: 'sem_heartbeat' };
}

/** Why the machine is offline at a moment, or null while it is not. */
export function offlineReason(presenca: Presenca, regras: RegrasPresenca, now: number): MotivoOffline | null {
  const { em, motivo } = offlineAt(presenca, regras);
  return em <= now ? motivo : null;
}

/** The machine was heard at a moment; what was sent before its connection ended does not bring it back. */
export function heardAt({ ouvidaEm, saida }: Presenca, em: number): Presenca {
  return { ouvidaEm: Math.max(ouvidaEm, em), saida: saida && em < saida.em ? saida : null };
}

/** The machine's connection ended; of several signs of the same end the first one counts. */
export function leftAt(presenca: Presenca, em: number, motivo: 'desconectou' | 'conexao_perdida'): Presenca {
  return presenca.saida ? presenca : { ...presenca, saida: { em, motivo } };
}

/** Whether the end of a session is told after another has begun. */
export function isLateFarewell(present: string | null, told: string | null): boolean {
  return present !== null && told !== null && told !== present;
}

/** The clock of attention: how much of the time that has passed nobody could be heard. */
export interface Atencao {
  olhadaEm: number;
  perdidoMs: number;
}

/**
 * A look at the clock. What went by since the last one counts as attended only if that was about as long as planned: more is
 * a stall, of which machines get the excess back; all of a pause is lost, and so is any jump of the clock backwards.
 */
export function lookAgain({ olhadaEm, perdidoMs }: Atencao, now: number, plannedMs: number, paused: boolean): Atencao {
  const elapsedMs = now - olhadaEm;
  if (paused || elapsedMs < 0) return { olhadaEm: now, perdidoMs: perdidoMs + elapsedMs };
  const lateMs = elapsedMs - plannedMs;
  return { olhadaEm: now, perdidoMs: perdidoMs + (lateMs > stallToleranceMs ? lateMs : 0) };
}
