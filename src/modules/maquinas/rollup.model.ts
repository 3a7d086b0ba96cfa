/**
 * What is kept of many heartbeats: mean, minimum, maximum and count of each number, and at which moments there was one.
 *
 * The moments are what makes counting idempotent: a heartbeat is the same as another when its machine and time are the same,
 * so whatever is delivered twice, late or in another order is added once. They also say how long the machine was there.
 */

import { hourMs, minuteMs, secondMs } from '../../core/clock';
import type { HeartbeatPoint } from './series.store';

const minutesPerHour = 60;
const secondsPerMinute = 60;
const extraSumMax = Number.MAX_VALUE;

/** Of cpu, memoria and disco in whole hundredths of a percent, so that sums are exact in any order. */
export interface Stat {
  sum: number;
  min: number;
  max: number;
}

/** Of an extra series in its own unit; a heartbeat need not have it, so it has a count of its own. */
export interface ExtraStat extends Stat {
  count: number;
}

export interface Rollup {
  /** Heartbeats. */
  count: number;
  cpu: Stat;
  memoria: Stat;
  disco: Stat;
  extras: Map<string, ExtraStat>;
  /** When there was a heartbeat: offsets from the start, ascending; milliseconds in a minute, seconds in an hour. */
  seen: Uint16Array;
}

/** A minute's seen times are in milliseconds, an hour's in seconds. */
export const minuteUnitMs = 1;
export const hourUnitMs = secondMs;

/** A rollup that is being added to. */
export interface OpenRollup {
  rollup: Rollup;
  seen: Set<number>;
  changed: boolean;
}

export function openRollup(rollup: Rollup | null): OpenRollup {
  return { rollup: rollup ?? emptyRollup(), seen: new Set(rollup?.seen), changed: false };
}

export function closeRollup({ rollup, seen, changed }: OpenRollup): Rollup {
  if (changed) rollup.seen = Uint16Array.from(seen).sort();
  return rollup;
}

/** One heartbeat by itself. */
export function rollupOf(point: HeartbeatPoint): Rollup {
  const rollup = emptyRollup();
  add(rollup, point);
  rollup.seen = Uint16Array.of(0);
  return rollup;
}

/**
 * Adds the points of one minute to the records of its minute and its hour; those that are in them already change nothing.
 *
 * While the minute's record is there, it tells points apart to the millisecond. When retention has removed it, which shows
 * in the hour having been heard in that minute, the hour tells them apart to the second: of two heartbeats in one second
 * the first to come is counted.
 * @param hour the record of the hour, added to in place.
 * @param minute the record of the minute, or null.
 * @param minuteStart epoch milliseconds.
 * @param points of that minute, in any order.
 * @returns the record of the minute, open, or null where there is none any more.
 */
export function foldMinute(
  hour: OpenRollup,
  minute: Rollup | null,
  minuteStart: number,
  points: readonly HeartbeatPoint[],
): OpenRollup | null {
  const hourStart = Math.floor(minuteStart / hourMs) * hourMs;
  const secondOf = (em: number) => Math.floor((em - hourStart) / secondMs);
  const first = secondOf(minuteStart);
  if (!minute && heardWithin(hour.seen, first, first + secondsPerMinute)) {
    for (const point of points) {
      const second = secondOf(point.em);
      if (!hour.seen.has(second)) count(hour, point, second);
    }
    return null;
  }
  const open = openRollup(minute);
  for (const point of points) {
    const offset = point.em - minuteStart;
    if (open.seen.has(offset)) continue;
    count(open, point, offset);
    count(hour, point, secondOf(point.em));
  }
  return open;
}

/** Whether the minutes together hold every heartbeat of their hour: retention removes an hour's minutes one by one. */
export function minutesComplete(hour: Rollup | null, minutes: Iterable<Rollup>): boolean {
  let sum = 0;
  for (const minute of minutes) sum += minute.count;
  return sum === (hour?.count ?? 0);
}

/** The minute of its hour a moment is in, 0 to 59. */
export function minuteOfHour(em: number): number {
  return Math.floor(em / minuteMs) % minutesPerHour;
}

function emptyRollup(): Rollup {
  return { count: 0, cpu: empty(), memoria: empty(), disco: empty(), extras: new Map(), seen: new Uint16Array() };
}

function empty(): Stat {
  return { sum: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY };
}

function heardWithin(seen: ReadonlySet<number>, from: number, to: number): boolean {
  for (let second = from; second < to; second += 1) if (seen.has(second)) return true;
  return false;
}

function count(open: OpenRollup, point: HeartbeatPoint, offset: number): void {
  open.seen.add(offset);
  open.changed = true;
  add(open.rollup, point);
}

function add(rollup: Rollup, point: HeartbeatPoint): void {
  rollup.count += 1;
  addTo(rollup.cpu, Math.round(point.cpu * 100));
  addTo(rollup.memoria, Math.round(point.memoria * 100));
  addTo(rollup.disco, Math.round(point.disco * 100));
  if (!point.extras) return;
  for (const [name, value] of Object.entries(point.extras)) {
    let stat = rollup.extras.get(name);
    if (!stat) {
      stat = { count: 0, ...empty() };
      rollup.extras.set(name, stat);
    }
    stat.count += 1;
    addTo(stat, value);
    // The numbers are anybody's: a sum must stay one that JSON can hold.
    stat.sum = Math.max(-extraSumMax, Math.min(extraSumMax, stat.sum));
  }
}

function addTo(stat: Stat, value: number): void {
  stat.sum += value;
  if (value < stat.min) stat.min = value;
  if (value > stat.max) stat.max = value;
}
