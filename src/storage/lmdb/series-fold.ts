/** Adds the raw heartbeats of an hour to its rollups, in memory: for storing them, and for reading what is not stored yet. */

import { hourMs, minuteMs } from '../../core/clock';
import type { Slices } from '../../core/slices';
import {
  closeRollup,
  foldMinute,
  minuteOfHour,
  type OpenRollup,
  openRollup,
  type Rollup,
} from '../../modules/maquinas/rollup.model';
import type { HeartbeatPoint } from '../../modules/maquinas/series.store';
import { decodePoint } from './series-codec';
import { readHour, rowsBetween, type SeriesTables, type StoredHour } from './series-tables';

const pointsPerSlice = 512;

export interface FoldedHour extends StoredHour {
  /** What differs from what is stored. */
  hourChanged: boolean;
  minutesChanged: ReadonlySet<number>;
}

/** @param start of the hour, epoch milliseconds. */
export async function foldHour(
  tables: SeriesTables,
  id: Buffer,
  start: number,
  names: readonly string[],
  slices: Slices,
): Promise<FoldedHour> {
  const { hour, minutes } = readHour(tables, id, start, names);
  const open = openRollup(hour);
  const changed = new Set<number>();
  const fold = (points: readonly HeartbeatPoint[]): void => {
    const [first] = points;
    if (!first) return;
    const minute = minuteOfHour(first.em);
    const folded = foldMinute(open, minutes.get(minute) ?? null, start + minute * minuteMs, points);
    if (!folded?.changed) return;
    minutes.set(minute, closeRollup(folded));
    changed.add(minute);
  };

  let group: HeartbeatPoint[] = [];
  let read = 0;
  for (const { em, value } of rowsBetween(tables.pontos, id, start, start + hourMs)) {
    const [first] = group;
    if (first && minuteOfHour(first.em) !== minuteOfHour(em)) {
      fold(group);
      group = [];
    }
    group.push(decodePoint(em, value, names));
    read += 1;
    if (read % pointsPerSlice === 0) await slices.breathe();
  }
  fold(group);
  return { hour: storedOrNew(hour, open), minutes, hourChanged: open.changed, minutesChanged: changed };
}

/** An hour nobody was heard in stays without a record. */
function storedOrNew(stored: Rollup | null, open: OpenRollup): Rollup | null {
  return stored || open.changed ? closeRollup(open) : null;
}
