/**
 * Reads what is kept of a machine, every heartbeat once, whatever has been rolled up or removed in the meantime.
 *
 * An hour's record counts every heartbeat of the hour, a minute's every one of the minute. So whether a finer tier still has
 * everything is told by comparing counts, and not by the clock: changed settings or a compaction that was cut short in the
 * middle of an hour leave neither hole nor double.
 */

import { dayMs, hourMs, minuteMs } from '../../core/clock';
import { createSlices, type Slices } from '../../core/slices';
import { hourUnitMs, minutesComplete, minuteUnitMs, type Rollup, rollupOf } from '../../modules/maquinas/rollup.model';
import type { Bucket, Resolucao } from '../../modules/maquinas/series.store';
import { decodeRollup, idOf } from './series-codec';
import { foldHour } from './series-fold';
import { extent, readNames, readPoints, rowsBetween, type SeriesTables, type StoredHour } from './series-tables';

/** How much is read at a time: some thousand rows at most. */
const portionMs: Readonly<Record<Resolucao, number>> = { bruta: hourMs, minuto: dayMs, hora: 31 * dayMs };

interface Reading {
  tables: SeriesTables;
  id: Buffer;
  names: readonly string[];
  finest: Resolucao;
  slices: Slices;
}

/** @see SeriesStore.buckets */
export async function* readBuckets(
  tables: SeriesTables,
  maquinaId: string,
  fromMs: number,
  toMs: number,
  finest: Resolucao,
): AsyncGenerator<readonly Bucket[]> {
  const id = idOf(maquinaId);
  const kept = extent(tables, id);
  if (!kept) return;
  const reading: Reading = { tables, id, names: readNames(tables, id), finest, slices: createSlices() };
  const overlaps = ({ em, spanMs }: Bucket) => em < toMs && (spanMs === 0 ? em >= fromMs : em + spanMs > fromMs);
  const to = Math.min(toMs, kept.to);
  let start = Math.floor(Math.max(fromMs, kept.from) / hourMs) * hourMs;
  while (start < to) {
    const end = Math.min(start + portionMs[finest], Math.ceil(to / hourMs) * hourMs);
    for await (const buckets of readPortion(reading, start, end)) {
      const wanted = buckets.filter(overlaps);
      if (wanted.length > 0) yield wanted;
      await reading.slices.breathe();
    }
    start = end;
  }
}

/** Reads whole hours. */
async function* readPortion(reading: Reading, start: number, end: number): AsyncGenerator<Bucket[]> {
  const { finest } = reading;
  const { hours, minutes, pending } = readStored(reading, start, end);
  const starts = new Set([...hours.keys(), ...minutes.keys(), ...pending]);
  const plain: Bucket[] = [];
  for (const hourStart of [...starts].sort((a, b) => a - b)) {
    const stored = { hour: hours.get(hourStart) ?? null, minutes: minutes.get(hourStart) ?? new Map() };
    if (pending.has(hourStart) || finest === 'bruta') {
      yield plain.splice(0);
      const { tables, id, names, slices } = reading;
      const now = pending.has(hourStart) ? await foldHour(tables, id, hourStart, names, slices) : stored;
      yield* finest === 'bruta' ? rawBuckets(reading, hourStart, now) : [hourBuckets(finest, hourStart, now)];
    } else plain.push(...hourBuckets(finest, hourStart, stored));
  }
  yield plain;
}

/** Everything stored between two hours, from one snapshot: nothing is awaited. */
function readStored({ tables, id, names, finest }: Reading, start: number, end: number) {
  const hours = new Map<number, Rollup>();
  for (const { em, value } of rowsBetween(tables.horas, id, start, end)) hours.set(em, decodeRollup(value, names));
  const pending = new Set<number>();
  for (const { em } of rowsBetween(tables.pendentes, id, start, end)) pending.add(em);
  const minutes = new Map<number, Map<number, Rollup>>();
  if (finest !== 'hora') {
    for (const { em, value } of rowsBetween(tables.minutos, id, start, end)) {
      const hourStart = Math.floor(em / hourMs) * hourMs;
      const ofHour = minutes.get(hourStart) ?? new Map<number, Rollup>();
      minutes.set(hourStart, ofHour);
      ofHour.set((em - hourStart) / minuteMs, decodeRollup(value, names));
    }
  }
  return { hours, minutes, pending };
}

/** An hour in its minutes where they are wanted and all there, whole otherwise. */
function hourBuckets(finest: Resolucao, start: number, { hour, minutes }: StoredHour): Bucket[] {
  if (finest !== 'hora' && minutesComplete(hour, minutes.values())) {
    return [...minutes]
      .sort(([a], [b]) => a - b)
      .map(([minute, rollup]) => ({ em: start + minute * minuteMs, spanMs: minuteMs, unitMs: minuteUnitMs, rollup }));
  }
  return hour ? [{ em: start, spanMs: hourMs, unitMs: hourUnitMs, rollup: hour }] : [];
}

/** An hour in its heartbeats, a minute whole where they are no longer all there. */
function* rawBuckets({ tables, id, names }: Reading, start: number, stored: StoredHour): Generator<Bucket[]> {
  const coarser = hourBuckets('minuto', start, stored);
  if (coarser.some(({ spanMs }) => spanMs !== minuteMs)) return yield coarser;
  for (const minute of coarser) {
    const points = readPoints(tables, id, minute.em, minute.em + minuteMs, names);
    if (points.length < minute.rollup.count) yield [minute];
    else yield points.map((point) => ({ em: point.em, spanMs: 0, unitMs: minuteUnitMs, rollup: rollupOf(point) }));
  }
}
