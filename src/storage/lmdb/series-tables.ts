/**
 * The named databases of the series.
 *
 * As for the broker (see broker-tables): the puts and removes of one event turn are one transaction, transactions commit in
 * the order in which they were asked for, a promise settles when its transaction is on the disk, and reads see what was
 * committed when they began.
 */

import type { Database, RootDatabase } from 'lmdb';
import { hourMs } from '../../core/clock';
import type { Rollup } from '../../modules/maquinas/rollup.model';
import { minuteOfHour } from '../../modules/maquinas/rollup.model';
import type { HeartbeatPoint } from '../../modules/maquinas/series.store';
import { openBytes } from './open';
import { afterMaquina, decodePoint, decodeRollup, timeKey, timeOf } from './series-codec';

type Table = Database<Buffer, Buffer>;
const pageRows = 512;

export interface SeriesTables {
  /** Heartbeats. */
  pontos: Table;
  /** Rollups by minute and by hour. */
  minutos: Table;
  horas: Table;
  /** The hours with heartbeats that are in no rollup yet: key as of the hour, value empty. */
  pendentes: Table;
  /** When each machine was last heard, and its newest heartbeat; key = machine id. */
  presenca: Table;
  /** The names of a machine's extra series as JSON, a name's index being its slot; key = machine id. */
  extras: Table;
}

export function openSeriesTables(root: RootDatabase): SeriesTables {
  const table = (name: string): Table => openBytes(root, name);
  return {
    pontos: table('pontos'),
    minutos: table('minutos'),
    horas: table('horas'),
    pendentes: table('pendentes'),
    presenca: table('presenca'),
    extras: table('extras'),
  };
}

/** The rows of a machine with `from <= time < to`, in pages each from a snapshot of its own: a slow reader holds none open. */
export function* rowsBetween(
  table: Table,
  id: Buffer,
  from: number,
  to: number,
): Generator<{ em: number; value: Buffer }> {
  const end = timeKey(id, to);
  let start = timeKey(id, from);
  for (;;) {
    const page = [...table.getRange({ start, end, limit: pageRows })];
    for (const { key, value } of page) yield { em: timeOf(key), value };
    const last = page.at(-1);
    if (!last || page.length < pageRows) return;
    start = timeKey(id, timeOf(last.key) + 1);
  }
}

/** Keys of a machine with `time < to`, oldest first. */
export function keysBefore(table: Table, id: Buffer, to: number, limit: number): Buffer[] {
  return [...table.getKeys({ start: timeKey(id, 0), end: timeKey(id, to), limit })];
}

/** The first machine in a table after another; null after the last. */
export function nextMaquina(table: Table, after: Buffer | null): Buffer | null {
  const [key] = table.getKeys({ ...(after && { start: afterMaquina(after) }), limit: 1 });
  return key ? key.subarray(0, 16) : null;
}

/** The machines in a table after another, so many at most. */
export function maquinasAfter(table: Table, after: Buffer | null, limit: number): Buffer[] {
  const ids: Buffer[] = [];
  for (let id = nextMaquina(table, after); id && ids.length < limit; id = nextMaquina(table, id)) ids.push(id);
  return ids;
}

/** From the oldest to just after the newest of what is kept of a machine, or null when there is nothing. */
export function extent({ pontos, minutos, horas }: SeriesTables, id: Buffer): { from: number; to: number } | null {
  const first: number[] = [];
  const last: number[] = [];
  const start = timeKey(id, 0);
  const end = afterMaquina(id);
  for (const table of [pontos, minutos, horas]) {
    for (const key of table.getKeys({ start, end, limit: 1 })) first.push(timeOf(key));
    for (const key of table.getKeys({ start: end, end: start, reverse: true, limit: 1 })) last.push(timeOf(key));
  }
  if (first.length === 0) return null;
  return { from: Math.min(...first), to: Math.max(...last) + 1 };
}

/** An hour of a machine as it is stored. */
export interface StoredHour {
  hour: Rollup | null;
  /** By minute of the hour. */
  minutes: Map<number, Rollup>;
}

export function readHour(tables: SeriesTables, id: Buffer, start: number, names: readonly string[]): StoredHour {
  const value = tables.horas.get(timeKey(id, start));
  const minutes = new Map<number, Rollup>();
  for (const row of rowsBetween(tables.minutos, id, start, start + hourMs)) {
    minutes.set(minuteOfHour(row.em), decodeRollup(row.value, names));
  }
  return { hour: value ? decodeRollup(value, names) : null, minutes };
}

export function readPoints(
  { pontos }: SeriesTables,
  id: Buffer,
  from: number,
  to: number,
  names: readonly string[],
): HeartbeatPoint[] {
  const points: HeartbeatPoint[] = [];
  for (const { em, value } of rowsBetween(pontos, id, from, to)) points.push(decodePoint(em, value, names));
  return points;
}

/** The names of a machine's extra series, by slot. */
export function readNames({ extras }: SeriesTables, id: Buffer): string[] {
  const stored = extras.get(id);
  const parsed: unknown = stored ? JSON.parse(stored.toString()) : [];
  return Array.isArray(parsed) ? parsed.filter((name) => typeof name === 'string') : [];
}
