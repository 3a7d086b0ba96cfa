/** A series store on a scratch environment, and what it must answer computed the obvious way. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RootDatabase } from 'lmdb';
import { dayMs, hourMs, minuteMs } from '../../src/core/clock';
import type { HeartbeatPoint, Resolucao, Retention, SeriesStore } from '../../src/modules/maquinas/series.store';
import { openLmdb } from '../../src/storage/lmdb/open';
import { createSeriesStore } from '../../src/storage/lmdb/series';

export const present = Date.parse('2026-11-25T12:00:00Z');
export const retention: Retention = { rawMs: 24 * hourMs, minuteMs: 14 * dayMs, hourMs: 730 * dayMs };

export interface ScratchSeries {
  store: SeriesStore;
  root: RootDatabase;
  compact(now?: number, existing?: (id: string) => boolean): ReturnType<SeriesStore['compact']>;
  /** Closes and opens again, as a restart would. */
  reopen(): Promise<ScratchSeries>;
  remove(): Promise<void>;
}

export function scratchSeries(
  folder = mkdtempSync(join(tmpdir(), 'narcidi-series-')),
  kept = retention,
): ScratchSeries {
  const root = openLmdb(folder);
  const store = createSeriesStore(root, kept);
  return {
    store,
    root,
    compact: (now = present, existing = () => true) =>
      store.compact({ now, existing: async (ids) => new Set(ids.filter(existing)) }),
    reopen: async () => {
      await root.close();
      return scratchSeries(folder, kept);
    },
    remove: async () => {
      await root.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** [start, count, then sum, minimum and maximum of cpu in hundredths, then those and the count of each extra] */
export type Plain = [number, number, number, number, number, Record<string, number[]>];

export async function bucketsOf(
  store: SeriesStore,
  id: string,
  finest: Resolucao,
  from = 0,
  to = present + dayMs,
): Promise<Plain[]> {
  const plain: Plain[] = [];
  for await (const buckets of store.buckets(id, from, to, finest)) {
    for (const { em, rollup } of buckets) {
      const { count, cpu, extras } = rollup;
      const named = [...extras].sort().map(([name, { count, sum, min, max }]) => [name, [count, sum, min, max]]);
      plain.push([em, count, cpu.sum, cpu.min, cpu.max, Object.fromEntries(named)]);
    }
  }
  return plain;
}

/** The same from the points themselves; of several with one time, one. */
export function expectedOf(points: readonly HeartbeatPoint[], finest: Resolucao): Plain[] {
  const width = { bruta: 1, minuto: minuteMs, hora: hourMs }[finest];
  const distinct = [...new Map(points.map((point) => [point.em, point])).values()].sort((a, b) => a.em - b.em);
  const groups = new Map<number, HeartbeatPoint[]>();
  for (const point of distinct) {
    const at = Math.floor(point.em / width) * width;
    groups.set(at, [...(groups.get(at) ?? []), point]);
  }
  return [...groups].map(([at, group]) => {
    const cpu = group.map((point) => Math.round(point.cpu * 100));
    const names = [...new Set(group.flatMap((point) => Object.keys(point.extras ?? {})))].sort();
    const extras = names.map((name) => {
      const values = group.flatMap((point) => point.extras?.[name] ?? []);
      return [name, [values.length, sum(values), Math.min(...values), Math.max(...values)]];
    });
    return [at, group.length, sum(cpu), Math.min(...cpu), Math.max(...cpu), Object.fromEntries(extras)];
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
