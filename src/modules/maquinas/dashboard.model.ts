/** Turns stored heartbeats into the series of a dashboard. */

import { dayMs, hourMs, minuteMs } from '../../core/clock';
import type { HeartbeatPoint } from './series.store';

export const periodos = ['1h', '24h', '7d', '30d', '1a'] as const;
export type Periodo = (typeof periodos)[number];

export const periodMs: Readonly<Record<Periodo, number>> = {
  '1h': hourMs,
  '24h': dayMs,
  '7d': 7 * dayMs,
  '30d': 30 * dayMs,
  '1a': 365 * dayMs,
};

/** Bucket widths that keep every period at or below 500 points. */
const bucketMs: Readonly<Record<Periodo, number>> = {
  '1h': 10_000,
  '24h': 5 * minuteMs,
  '7d': 30 * minuteMs,
  '30d': 2 * hourMs,
  '1a': dayMs,
};

/** [epoch ms, mean, minimum, maximum] */
export type SeriesPoint = [number, number, number, number];
export interface MachineSeries {
  cpu: SeriesPoint[];
  memoria: SeriesPoint[];
  disco: SeriesPoint[];
}

interface Bucket {
  at: number;
  count: number;
  sums: [number, number, number];
  minima: [number, number, number];
  maxima: [number, number, number];
}

/** Groups points, oldest first, into the buckets of a period: at most 500 a series. */
export function toSeries(points: Iterable<HeartbeatPoint>, periodo: Periodo): MachineSeries {
  const width = bucketMs[periodo];
  const series: MachineSeries = { cpu: [], memoria: [], disco: [] };
  let bucket: Bucket | null = null;
  for (const point of points) {
    const at = Math.floor(point.em / width) * width;
    if (bucket && bucket.at !== at) flush(bucket, series);
    if (bucket?.at !== at) bucket = emptyBucket(at);
    add(bucket, [point.cpu, point.memoria, point.disco]);
  }
  if (bucket) flush(bucket, series);
  return series;
}

/**
 * The share of a period in which the machine was heard, in percent: each heartbeat vouches for one interval and a half
 * after it; time without data counts as down. The period begins no earlier than the machine itself.
 */
export function availability(
  points: Iterable<HeartbeatPoint>,
  from: number,
  to: number,
  heartbeatIntervalMs: number,
): number | null {
  if (to <= from) return null;
  const vouchedMs = heartbeatIntervalMs * 1.5;
  let covered = 0;
  let coveredUntil = from;
  for (const { em } of points) {
    const end = Math.min(em + vouchedMs, to);
    covered += Math.max(0, end - Math.max(em, coveredUntil));
    coveredUntil = Math.max(coveredUntil, end);
  }
  return Math.round((covered / (to - from)) * 10_000) / 100;
}

function emptyBucket(at: number): Bucket {
  return { at, count: 0, sums: [0, 0, 0], minima: [100, 100, 100], maxima: [0, 0, 0] };
}

function add(bucket: Bucket, values: [number, number, number]): void {
  bucket.count += 1;
  const [cpu, memoria, disco] = values;
  const { sums, minima, maxima } = bucket;
  bucket.sums = [sums[0] + cpu, sums[1] + memoria, sums[2] + disco];
  bucket.minima = [Math.min(minima[0], cpu), Math.min(minima[1], memoria), Math.min(minima[2], disco)];
  bucket.maxima = [Math.max(maxima[0], cpu), Math.max(maxima[1], memoria), Math.max(maxima[2], disco)];
}

function flush({ at, count, sums, minima, maxima }: Bucket, series: MachineSeries): void {
  series.cpu.push([at, hundredths(sums[0] / count), minima[0], maxima[0]]);
  series.memoria.push([at, hundredths(sums[1] / count), minima[1], maxima[1]]);
  series.disco.push([at, hundredths(sums[2] / count), minima[2], maxima[2]]);
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
