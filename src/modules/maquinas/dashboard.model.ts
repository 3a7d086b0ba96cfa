/** Turns what is kept of a machine into the series of a dashboard, and how much of the time it was there. */

import { dayMs, hourMs, minuteMs, secondMs } from '../../core/clock';
import type { ExtraStat } from './rollup.model';
import type { Bucket, Resolucao } from './series.store';

export const periodos = ['1h', '24h', '7d', '30d', '1a'] as const;
export type Periodo = (typeof periodos)[number];

export const periodMs: Readonly<Record<Periodo, number>> = {
  '1h': hourMs,
  '24h': dayMs,
  '7d': 7 * dayMs,
  '30d': 30 * dayMs,
  '1a': 365 * dayMs,
};

export const seriesPointsMax = 500;
/** Widths that divide each other, the hour and the day, so that charts of any range agree on where a bucket begins. */
const widthsMs = [
  ...[1, 5, 10, 30].map((seconds) => seconds * secondMs),
  ...[1, 5, 10, 30].map((minutes) => minutes * minuteMs),
  ...[1, 2, 6, 12].map((hours) => hours * hourMs),
  ...[1, 2, 7, 14].map((days) => days * dayMs),
];
/** A heartbeat vouches for the machine this many intervals after it. */
const vouchedIntervals = 1.5;

/** A range of time as a chart shows it: epoch milliseconds, and the width of a bucket. */
export interface Span {
  fromMs: number;
  toMs: number;
  widthMs: number;
  /** The tier to read: none finer than the buckets are. */
  finest: Resolucao;
}

/** The narrowest buckets of which a range has at most 500, the partial ones at its ends included. */
export function spanOf(fromMs: number, toMs: number): Span {
  const narrowest = (toMs - fromMs) / (seriesPointsMax - 1);
  const widthMs = widthsMs.find((width) => width >= narrowest) ?? Math.ceil(narrowest / dayMs) * dayMs;
  const finest = widthMs < minuteMs ? 'bruta' : widthMs < hourMs ? 'minuto' : 'hora';
  return { fromMs, toMs, widthMs, finest };
}

/** How a machine has fared lately, small enough for a row of a table: an hour in so many means. */
export const tendenciaPoints = 30;
export const tendenciaStepMs = hourMs / tendenciaPoints;
export const tendenciasMax = 100;

/** The mean CPU, percent, of each step of the hour before `toMs`, oldest first; null where nothing was heard. */
export function createTendencia(toMs: number) {
  const fromMs = toMs - hourMs;
  const sums = new Float64Array(tendenciaPoints);
  const counts = new Uint32Array(tendenciaPoints);
  return {
    fromMs,
    add({ em, rollup }: Bucket): void {
      const at = Math.floor((em - fromMs) / tendenciaStepMs);
      if (at < 0 || at >= tendenciaPoints) return;
      sums[at] = (sums[at] ?? 0) + rollup.cpu.sum;
      counts[at] = (counts[at] ?? 0) + rollup.count;
    },
    cpu: (): (number | null)[] =>
      Array.from(counts, (count, at) => (count === 0 ? null : Math.round((sums[at] ?? 0) / count) / 100)),
  };
}

/** [epoch ms, mean, minimum, maximum] */
export type SeriesPoint = [number, number, number, number];

export interface MachineSeries {
  cpu: SeriesPoint[];
  memoria: SeriesPoint[];
  disco: SeriesPoint[];
  extras: Record<string, SeriesPoint[]>;
}

/** Groups buckets, added oldest first, into those of a chart. Where there is no data there is no point. */
export function createChart({ fromMs, widthMs }: Span) {
  // What begins before the range and reaches into it belongs to the first of its buckets.
  const first = Math.floor(fromMs / widthMs) * widthMs;
  const main = { cpu: createLine(widthMs), memoria: createLine(widthMs), disco: createLine(widthMs) };
  const extras = new Map<string, ReturnType<typeof createLine>>();
  return {
    add({ em: start, rollup }: Bucket): void {
      const em = Math.max(start, first);
      main.cpu.add(em, { count: rollup.count, ...rollup.cpu });
      main.memoria.add(em, { count: rollup.count, ...rollup.memoria });
      main.disco.add(em, { count: rollup.count, ...rollup.disco });
      for (const [name, stat] of rollup.extras) {
        const line = extras.get(name) ?? createLine(widthMs);
        extras.set(name, line);
        line.add(em, stat);
      }
    },
    series(): MachineSeries {
      return {
        cpu: main.cpu.points(100),
        memoria: main.memoria.points(100),
        disco: main.disco.points(100),
        extras: Object.fromEntries([...extras].map(([name, line]) => [name, line.points(1)])),
      };
    },
  };
}

/** One series; the stats of one chart bucket are joined. */
function createLine(widthMs: number) {
  const buckets: ({ at: number } & ExtraStat)[] = [];
  return {
    add(em: number, stat: ExtraStat): void {
      const at = Math.floor(em / widthMs) * widthMs;
      const last = buckets.at(-1);
      if (last?.at !== at) {
        buckets.push({ at, count: stat.count, sum: stat.sum, min: stat.min, max: stat.max });
        return;
      }
      last.count += stat.count;
      last.sum += stat.sum;
      last.min = Math.min(last.min, stat.min);
      last.max = Math.max(last.max, stat.max);
    },
    /** @param unit by which the stats were multiplied. */
    points(unit: number): SeriesPoint[] {
      return buckets.map(({ at, count, sum, min, max }) => [
        at,
        rounded(sum / count / unit, unit === 1),
        min / unit,
        max / unit,
      ]);
    },
  };
}

/** Percentages to hundredths; extras, whose size nobody knows, to nine digits. */
function rounded(value: number, significant: boolean): number {
  return significant ? Number(value.toPrecision(9)) : Math.round(value * 100) / 100;
}

/**
 * The share of a range in which the machine was heard, in percent: each heartbeat vouches for one interval and a half after
 * it; time without data counts as down. Buckets are added oldest first.
 */
export function createAvailability(fromMs: number, toMs: number, heartbeatIntervalMs: number) {
  const vouched = vouchedMs(heartbeatIntervalMs);
  let covered = 0;
  let coveredUntil = fromMs;
  return {
    add({ em, unitMs, rollup }: Bucket): void {
      const { seen } = rollup;
      // By index: the iterator of a typed array is several times slower, and a year has half a million of these.
      for (let index = 0; index < seen.length; index += 1) {
        const heard = em + (seen[index] ?? 0) * unitMs;
        const end = Math.min(heard + vouched, toMs);
        if (end <= coveredUntil) continue;
        covered += end - Math.max(heard, coveredUntil);
        coveredUntil = end;
      }
    },
    /** Null for a range without a moment in it. */
    percent: (): number | null => (toMs <= fromMs ? null : Math.round((covered / (toMs - fromMs)) * 10_000) / 100),
  };
}

/** How long after a heartbeat the machine counts as there, milliseconds. */
export function vouchedMs(heartbeatIntervalMs: number): number {
  return heartbeatIntervalMs * vouchedIntervals;
}
