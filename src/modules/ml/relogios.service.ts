/**
 * Machines whose clock was set back: they go on talking, and date what they say before what they have said already. A backlog
 * that is sent late looks the same for a moment, so only who stays behind is named.
 */

import { type Clock, hourMs, minuteMs } from '../../core/clock';

/** Daylight saving and a correction by the network are less. */
const setBackMsMin = 2 * hourMs;
/** A backlog is through sooner, and what is said next is of now. */
const staysBehindMsMin = 30 * minuteMs;
const forgetAfterMs = hourMs;
const behindMax = 10_000;

export interface RelogioAtrasado {
  maquinaId: string;
  /** By how much its clock is behind ours. */
  atrasoMs: number;
  /** How long it has been talking so. */
  haMs: number;
}

interface Behind {
  since: number;
  heardAt: number;
  /** What its clock said last. */
  em: number;
}

export type Relogios = ReturnType<typeof createRelogios>;

export function createRelogios({ clock }: { clock: Clock }) {
  const behind = new Map<string, Behind>();

  return {
    /**
     * Takes in what a machine's clock says.
     * @param em of its last heartbeat, on its own clock, epoch milliseconds.
     * @param newest the newest it has ever said.
     */
    heard(maquinaId: string, em: number, newest: number): void {
      if (em > newest - setBackMsMin) {
        behind.delete(maquinaId);
        return;
      }
      const now = clock.now();
      const known = behind.get(maquinaId);
      if (!known && behind.size >= behindMax) return;
      const since = known && now - known.heardAt <= forgetAfterMs ? known.since : now;
      behind.set(maquinaId, { since, heardAt: now, em });
    },

    /** Who has stayed behind, and still talks. Those that have gone silent are forgotten. */
    atrasados(now: number): RelogioAtrasado[] {
      const found: RelogioAtrasado[] = [];
      for (const [maquinaId, { since, heardAt, em }] of behind) {
        if (now - heardAt > forgetAfterMs) behind.delete(maquinaId);
        else if (heardAt - since >= staysBehindMsMin) {
          found.push({ maquinaId, atrasoMs: heardAt - em, haMs: heardAt - since });
        }
      }
      return found;
    },
  };
}
