/** Heartbeats stored with and without a look for anomalies in each, in one process and one run. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { watchedSeries } from '../../src/compose/insight';
import { dayMs, hourMs, secondMs } from '../../src/core/clock';
import { uuidV7 } from '../../src/core/ids';
import { createAnomalias } from '../../src/modules/ml/anomalias.service';
import { prepareDataFolder } from '../../src/storage/data-folder';
import { createAnomalyStreams } from '../../src/storage/lmdb/anomaly-streams';
import { openLmdb } from '../../src/storage/lmdb/open';
import { createSeriesStore } from '../../src/storage/lmdb/series';
import { openStores } from '../../src/stores';
import { type Round, type Row, ratioRow } from './table';

const machines = Array.from({ length: 1_000 }, (_, index) => uuidV7.next(Date.now() + index));
const beats = 30;
const warmUpBeats = 450;
const rounds = 10;
const target = 0.8;

/** Every heartbeat is a second after the one before, so that none is passed over. */
export async function ingest(): Promise<Row> {
  const path = mkdtempSync(join(tmpdir(), 'narcidi-ingest-'));
  const clock = { now: () => Date.now() };
  const folder = prepareDataFolder(path);
  const { work, close } = await openStores(folder, clock);
  const lmdb = openLmdb(folder.lmdb);
  const series = createSeriesStore(lmdb, { rawMs: dayMs, minuteMs: 14 * dayMs, hourMs: 730 * dayMs });
  const streams = createAnomalyStreams(lmdb);
  const anomalias = createAnomalias({ work, clock, ids: uuidV7, streams, onError: (error) => console.error(error) });
  anomalias.start();
  const watched = watchedSeries(series, anomalias);
  let em = Date.now() - 20 * hourMs;

  function heartbeat(beat: number, machine: number) {
    const cpu = 30 + ((beat * 7 + machine * 3) % 23);
    return { em, cpu, memoria: cpu / 2 + 20, disco: 55 };
  }

  async function store(into: typeof series): Promise<number> {
    const began = performance.now();
    for (let beat = 0; beat < beats; beat += 1) {
      em += secondMs;
      await Promise.all(machines.map((id, n) => into.append(id, [heartbeat(beat, n)], em)));
    }
    return (machines.length * beats * secondMs) / (performance.now() - began);
  }

  // What a stream learns in its first hours costs more, once.
  for (let beat = 0; beat < warmUpBeats; beat += 1) {
    em += secondMs;
    for (const [n, id] of machines.entries()) anomalias.heard(id, [heartbeat(beat, n)]);
  }
  await store(series);
  await store(watched);
  const results: Round[] = [];
  for (let round = 0; round < rounds; round += 1) {
    // Who goes first finds the other's pages still being written.
    const first = round % 2 === 0 ? await store(series) : await store(watched);
    const second = round % 2 === 0 ? await store(watched) : await store(series);
    results.push(round % 2 === 0 ? { reference: first, measured: second } : { reference: second, measured: first });
  }
  await anomalias.stop();
  await lmdb.close();
  await close();
  rmSync(path, { recursive: true, force: true });
  return ratioRow('heartbeats stored, each looked at for anomalies', 'not looked at', results, target);
}
