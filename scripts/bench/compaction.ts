/**
 * How long the hourly compaction holds the event loop: heartbeats of many machines, and of one that sends hundreds a second,
 * are rolled up and removed while a timer watches. `bun scripts/bench/compaction.ts [MACHINES]`.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dayMs, hourMs, minuteMs } from '../../src/core/clock';
import type { HeartbeatPoint } from '../../src/modules/maquinas/series.store';
import { openLmdb } from '../../src/storage/lmdb/open';
import { createSeriesStore } from '../../src/storage/lmdb/series';

const machines = Number(process.argv[2] ?? 1_000);
const hours = 3;
const densePoints = 500_000;
const batchPoints = 500;
const blockMsMax = 50;
const watchEveryMs = 5;

const folder = mkdtempSync(join(tmpdir(), 'narcidi-compaction-'));
const root = openLmdb(folder);
const store = createSeriesStore(root, { rawMs: dayMs, minuteMs: 14 * dayMs, hourMs: 730 * dayMs });
const end = Math.floor(Date.now() / hourMs) * hourMs;
try {
  await fill();
  const before = watchLoop();
  await Bun.sleep(1_000);
  console.log(`longest block while idle: ${before().toFixed(1)} ms`);
  // The first run rolls up; a day later the heartbeats go; fifteen days later the minutes.
  let longest = 0;
  for (const later of [0, dayMs + hourMs, 15 * dayMs]) {
    const startedAt = performance.now();
    const block = watchLoop();
    const report = await store.compact({ now: end + later, existing: async (ids) => new Set(ids) });
    const seconds = (performance.now() - startedAt) / 1_000;
    longest = Math.max(longest, block());
    const { hoursRolled, removed, longestSliceMs } = report;
    const did = `${hoursRolled} hours rolled up, ${removed} records removed in ${seconds.toFixed(1)} s`;
    console.log(`${did}; longest slice ${longestSliceMs.toFixed(1)} ms, longest block ${block().toFixed(1)} ms`);
  }
  console.log(
    `longest block ${longest.toFixed(1)} ms, at most ${blockMsMax}: ${longest <= blockMsMax ? 'ok' : 'MISSED'}`,
  );
  process.exitCode = longest <= blockMsMax ? 0 : 1;
} finally {
  await root.close();
  rmSync(folder, { recursive: true, force: true });
}

async function fill(): Promise<void> {
  const point = (em: number): HeartbeatPoint => ({ em, cpu: (em / 1_000) % 100, memoria: 50, disco: 48.5 });
  for (let n = 0; n < machines; n += 1) {
    const beats = Array.from({ length: hours * 60 }, (_, beat) => point(end - hours * hourMs + beat * minuteMs));
    await store.append(crypto.randomUUID(), beats, end);
  }
  const dense = crypto.randomUUID();
  for (let from = 0; from < densePoints; from += batchPoints) {
    const step = hourMs / densePoints;
    const at = (n: number) => end - hourMs + Math.floor((from + n) * step);
    await store.append(
      dense,
      Array.from({ length: batchPoints }, (_, n) => point(at(n))),
      end,
    );
  }
}

/** @returns the longest that a timer was late since, milliseconds. */
function watchLoop(): () => number {
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last - watchEveryMs);
    last = now;
  }, watchEveryMs);
  return () => {
    clearInterval(timer);
    return longest;
  };
}
