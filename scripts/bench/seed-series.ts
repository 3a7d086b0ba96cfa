/** Fills the series of a data folder with the past, straight through the tables, as compaction would have left them. */

import { dayMs, hourMs, minuteMs } from '../../src/core/clock';
import { closeRollup, foldMinute, minuteOfHour, openRollup } from '../../src/modules/maquinas/rollup.model';
import type { HeartbeatPoint } from '../../src/modules/maquinas/series.store';
import { openLmdb } from '../../src/storage/lmdb/open';
import { encodePoint, encodeRollup, idOf, timeKey } from '../../src/storage/lmdb/series-codec';
import { openSeriesTables, type SeriesTables } from '../../src/storage/lmdb/series-tables';

const rawMs = dayMs;
const minutesMs = 14 * dayMs;
const noExtras = () => undefined;

/** Of one machine: how much time, and a heartbeat how often. */
export interface Past {
  maquinaId: string;
  days: number;
  intervalMs: number;
}

/** What the tiers of some machines take on the disk. */
export interface SeriesSize {
  entries: number;
  bytes: number;
}

/** @returns what each tier takes. */
export async function seedSeries(
  folder: string,
  now: number,
  pasts: readonly Past[],
): Promise<Record<string, SeriesSize>> {
  const root = openLmdb(folder);
  const tables = openSeriesTables(root);
  for (const past of pasts) await seedMachine(tables, past, now);
  const sizes = Object.fromEntries(
    (['pontos', 'minutos', 'horas'] as const).map((name) => [name, sizeOf(tables[name].getStats())]),
  );
  await root.close();
  return sizes;
}

async function seedMachine(tables: SeriesTables, { maquinaId, days, intervalMs }: Past, now: number): Promise<void> {
  const id = idOf(maquinaId);
  const end = Math.ceil(now / hourMs) * hourMs;
  for (let hour = end - days * dayMs; hour < end; hour += hourMs) {
    const open = openRollup(null);
    const past = pointsOf(hour, intervalMs).filter(({ em }) => em < now);
    if (past.length === 0) continue;
    let stored: Promise<boolean> | undefined;
    const byMinute = Map.groupBy(past, ({ em }) => minuteOfHour(em));
    for (const [minute, points] of byMinute) {
      const start = hour + minute * minuteMs;
      const folded = foldMinute(open, null, start, points);
      if (folded && start >= now - minutesMs) {
        stored = tables.minutos.put(timeKey(id, start), encodeRollup(closeRollup(folded), 60_000, noExtras));
      }
      if (start < now - rawMs) continue;
      for (const point of points) stored = tables.pontos.put(timeKey(id, point.em), encodePoint(point, noExtras));
    }
    stored = tables.horas.put(timeKey(id, hour), encodeRollup(closeRollup(open), 3_600, noExtras));
    if (hour % (8 * hourMs) === 0) await stored;
  }
}

/** Heartbeats with some jitter and a load that moves. */
function pointsOf(hour: number, intervalMs: number): HeartbeatPoint[] {
  return Array.from({ length: Math.floor(hourMs / intervalMs) }, (_, n) => ({
    em: hour + n * intervalMs + Math.floor(Math.random() * 900),
    cpu: Math.round(5_000 + 4_000 * Math.sin(hour / 7e6 + n / 9)) / 100,
    memoria: Math.round(Math.random() * 10_000) / 100,
    disco: 48.5,
  }));
}

function sizeOf(stats: object): SeriesSize {
  const number = (name: string) => Number(new Map(Object.entries(stats)).get(name) ?? 0);
  const pages = number('treeBranchPageCount') + number('treeLeafPageCount') + number('overflowPages');
  return { entries: number('entryCount'), bytes: pages * number('pageSize') };
}
