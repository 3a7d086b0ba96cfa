/**
 * Rolls up the hours that have passed, and removes what is past its retention.
 *
 * Whatever moment it is stopped at, nothing is lost and nothing counts twice. An hour's rollups and the removal of its mark
 * are one transaction; a heartbeat is removed only after it has been found in, or added to, rollups that are on the disk; and
 * adding one again changes nothing. It works in slices and small transactions: large ones slow every later commit.
 */

import { hourMs, minuteMs } from '../../core/clock';
import { createSlices, type Slices } from '../../core/slices';
import type { Compaction, CompactionReport, Retention } from '../../modules/maquinas/series.store';
import type { SeriesAppend, Watched } from './series-append';
import { encodeRollup, maquinaOf, timeKey, timeOf } from './series-codec';
import { foldHour } from './series-fold';
import { keysBefore, maquinasAfter, nextMaquina, readNames, type SeriesTables } from './series-tables';

const hoursPerBatch = 8;
const removalsPerTransaction = 500;
const machinesPerQuery = 200;
const minuteUnits = 60_000;
const hourUnits = 3_600;
/** Before every key of a machine. */
const barrierKey = Buffer.of(0);

interface Dependencies {
  tables: SeriesTables;
  append: SeriesAppend;
  forget(maquinaId: string): Promise<void>;
  retention: Retention;
}

interface Hour {
  id: Buffer;
  maquinaId: string;
  start: number;
}

interface Change {
  table: SeriesTables['horas'];
  key: Buffer;
  value: Buffer;
}

interface Run {
  compaction: Compaction;
  slices: Slices;
  report: CompactionReport;
}

export function createSeriesCompaction({ tables, append, forget, retention }: Dependencies) {
  const { pontos, minutos, horas, pendentes, presenca } = tables;

  /** Waits until everything asked for before is on the disk, so that it is seen by what is read next. */
  async function barrier({ slices }: Run): Promise<void> {
    await slices.wait(pendentes.put(barrierKey, barrierKey));
  }

  /** The records of an hour and its minutes that its raw heartbeats change, ready to be stored. */
  async function encodeHour({ slices }: Run, id: Buffer, start: number): Promise<Change[]> {
    const names = readNames(tables, id);
    const folded = await foldHour(tables, id, start, names, slices);
    const slotOf = (name: string) => {
      const slot = names.indexOf(name);
      return slot === -1 ? undefined : slot;
    };
    const changed: Change[] = [];
    for (const minute of folded.minutesChanged) {
      const rollup = folded.minutes.get(minute);
      if (!rollup) continue;
      const key = timeKey(id, start + minute * minuteMs);
      changed.push({ table: minutos, key, value: encodeRollup(rollup, minuteUnits, slotOf) });
      await slices.breathe();
    }
    if (folded.hour && folded.hourChanged) {
      changed.push({ table: horas, key: timeKey(id, start), value: encodeRollup(folded.hour, hourUnits, slotOf) });
    }
    return changed;
  }

  /**
   * Adds the raw heartbeats of an hour to its rollups, and removes its mark unless more came meanwhile.
   * @returns settles when that is on the disk.
   */
  async function roll(run: Run, { id, maquinaId, start }: Hour, watch: Watched): Promise<{ stored: Promise<unknown> }> {
    const changed = await encodeHour(run, id, start);
    // From here on nothing is awaited: one transaction.
    const writes = changed.map(({ table, key, value }) => table.put(key, value));
    if (changed.length > 0) run.report.hoursRolled += 1;
    if (!watch.touched) {
      append.unmarked(maquinaId, start);
      writes.push(pendentes.remove(timeKey(id, start)));
    }
    return { stored: Promise.all(writes) };
  }

  /** Removes an hour's heartbeats, unless one came since they were rolled up. */
  async function dropPoints(run: Run, { id, start }: Hour, watch: Watched): Promise<void> {
    const range = { start: timeKey(id, start), end: timeKey(id, start + hourMs), limit: removalsPerTransaction };
    while (!watch.touched) {
      const keys = [...pontos.getKeys(range)];
      await remove(run, pontos, keys);
      run.report.removed += keys.length;
      if (keys.length < removalsPerTransaction) return;
    }
  }

  /** Rolls up some hours, and removes their heartbeats when those have been kept long enough. */
  async function settle(run: Run, hours: readonly Hour[]): Promise<void> {
    const watched = hours.map((hour) => ({ hour, watch: append.watch(hour.maquinaId, hour.start) }));
    try {
      await barrier(run);
      const stored: Promise<unknown>[] = [];
      for (const { hour, watch } of watched) {
        stored.push((await roll(run, hour, watch)).stored);
        await run.slices.breathe();
      }
      await run.slices.wait(Promise.all(stored));
      for (const { hour, watch } of watched) {
        if (hour.start + hourMs <= run.compaction.now - retention.rawMs) await dropPoints(run, hour, watch);
      }
    } finally {
      for (const { maquinaId, start } of hours) append.unwatch(maquinaId, start);
    }
  }

  async function remove({ slices }: Run, table: SeriesTables[keyof SeriesTables], keys: readonly Buffer[]) {
    let last: Promise<boolean> | null = null;
    for (const key of keys) last = table.remove(key);
    if (last) await slices.wait(last);
  }

  /** The marked hours that have passed. */
  async function rollPending(run: Run): Promise<void> {
    let start = afterKey(barrierKey);
    while (!stopped(run)) {
      const keys = [...pendentes.getKeys({ start, limit: hoursPerBatch })];
      const last = keys.at(-1);
      if (!last) return;
      start = afterKey(last);
      const passed = keys.map(hourOfKey).filter((hour) => hour.start + hourMs <= run.compaction.now);
      if (passed.length > 0) await settle(run, passed);
    }
  }

  /** Heartbeats past their retention, hour by hour of each machine. */
  async function dropRaw(run: Run): Promise<void> {
    const before = Math.floor((run.compaction.now - retention.rawMs) / hourMs) * hourMs;
    let batch: Hour[] = [];
    for (let id = nextMaquina(pontos, null); id && !stopped(run); id = nextMaquina(pontos, id)) {
      const maquinaId = maquinaOf(id);
      let from = 0;
      for (;;) {
        const [key] = pontos.getKeys({ start: timeKey(id, from), end: timeKey(id, before), limit: 1 });
        if (!key) break;
        const start = Math.floor(timeOf(key) / hourMs) * hourMs;
        batch.push({ id, maquinaId, start });
        from = start + hourMs;
        if (batch.length < hoursPerBatch) continue;
        await settle(run, batch);
        batch = [];
        if (stopped(run)) return;
      }
      await run.slices.breathe();
    }
    if (batch.length > 0) await settle(run, batch);
  }

  /** Rollups past their retention; an hour's record has all that its minutes have. */
  async function dropRollups(run: Run, table: SeriesTables['horas'], before: number): Promise<void> {
    for (let id = nextMaquina(table, null); id && !stopped(run); id = nextMaquina(table, id)) {
      for (;;) {
        const keys = keysBefore(table, id, before, removalsPerTransaction);
        await remove(run, table, keys);
        run.report.removed += keys.length;
        if (keys.length < removalsPerTransaction) break;
      }
      await run.slices.breathe();
    }
  }

  async function forgetGone(run: Run): Promise<void> {
    for (const table of [presenca, pontos, minutos, horas]) {
      let after: Buffer | null = null;
      for (;;) {
        const ids = maquinasAfter(table, after, machinesPerQuery);
        after = ids.at(-1) ?? null;
        if (!after || stopped(run)) break;
        const existing = await run.slices.wait(run.compaction.existing(ids.map(maquinaOf)));
        for (const gone of ids.map(maquinaOf).filter((id) => !existing.has(id))) {
          await run.slices.wait(forget(gone));
          run.report.machinesForgotten += 1;
        }
        await run.slices.breathe();
      }
    }
  }

  return {
    /** @see SeriesStore.compact */
    async compact(compaction: Compaction): Promise<CompactionReport> {
      const slices = createSlices();
      const report = { hoursRolled: 0, removed: 0, machinesForgotten: 0, longestSliceMs: 0, complete: false };
      const run: Run = { compaction, slices, report };
      await forgetGone(run);
      await rollPending(run);
      await dropRaw(run);
      await dropRollups(run, minutos, compaction.now - retention.minuteMs);
      await dropRollups(run, horas, compaction.now - retention.hourMs);
      report.longestSliceMs = slices.longestMs();
      report.complete = !stopped(run);
      return report;
    },
  };
}

function hourOfKey(key: Buffer): Hour {
  const id = key.subarray(0, 16);
  return { id, maquinaId: maquinaOf(key), start: timeOf(key) };
}

function afterKey(key: Buffer): Buffer {
  return Buffer.concat([key, Buffer.of(0)]);
}

function stopped({ compaction }: Run): boolean {
  return compaction.signal?.aborted ?? false;
}
