/**
 * Takes up the heartbeats of the first releases, which knew no rollups and so marked no hours: an hour without a mark counts
 * as rolled up, and its heartbeats would neither be shown nor be in a rollup when they are removed.
 */

import { hourMs } from '../../core/clock';
import { mark } from './series-append';
import { timeKey, timeOf } from './series-codec';
import type { SeriesTables } from './series-tables';

/** Marks every hour with heartbeats, in one transaction, where no hour has ever been marked; else it does nothing. */
export function adoptUnmarked({ pontos, pendentes, horas }: SeriesTables): void {
  if (pendentes.getKeysCount({ limit: 1 }) > 0 || horas.getKeysCount({ limit: 1 }) > 0) return;
  let last: Buffer | null = null;
  for (const key of pontos.getKeys()) {
    const em = timeOf(key);
    const hour = timeKey(key.subarray(0, 16), em - (em % hourMs));
    if (last?.equals(hour)) continue;
    void pendentes.put(hour, mark);
    last = hour;
  }
}
