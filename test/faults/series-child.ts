/** A process that is killed while it stores and rolls up heartbeats: it prints a line for each batch that is stored. */

import { minuteMs, secondMs } from '../../src/core/clock';
import type { HeartbeatPoint } from '../../src/modules/maquinas/series.store';
import { scratchSeries } from '../unit/series-support';

export const maquinas = Array.from({ length: 20 }, (_, n) => `0199d3a0-0000-7000-8000-${String(n).padStart(12, '0')}`);
export const start = Date.parse('2026-11-01T00:00:00Z');
const batchPoints = 20;

/** The heartbeats of a batch: ten minutes of a machine, one every half minute. */
export function batchOf(number: number): { maquinaId: string; points: HeartbeatPoint[] } {
  const maquinaId = maquinas[number % maquinas.length] ?? '';
  const from = start + Math.floor(number / maquinas.length) * 10 * minuteMs;
  const points = Array.from({ length: batchPoints }, (_, n) => ({
    em: from + n * 30 * secondMs,
    cpu: n,
    memoria: 50,
    disco: 50,
    extras: { n },
  }));
  return { maquinaId, points };
}

/** Stores batch after batch, and rolls up and removes what is two hours behind at the same time. */
export async function storeAndCompactForEver(folder: string): Promise<void> {
  const { store } = scratchSeries(folder, {
    rawMs: minuteMs,
    minuteMs: 3 * 60 * minuteMs,
    hourMs: 365 * 24 * 60 * minuteMs,
  });
  let now = start;
  const compactForEver = async () => {
    for (;;) {
      const report = await store.compact({ now, existing: async (ids) => new Set(ids) });
      console.log(`compacted ${report.hoursRolled} ${report.removed}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const storeForEver = async () => {
    for (let number = 0; ; number += 1) {
      const { maquinaId, points } = batchOf(number);
      now = points.at(-1)?.em ?? now;
      await store.append(maquinaId, points, now);
      console.log(`stored ${number}`);
    }
  };
  await Promise.all([compactForEver(), storeForEver()]);
}
