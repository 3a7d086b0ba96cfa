/**
 * Measures the product as ratios against references in the same run, and prints one table: start and idle memory,
 * verification against a bare Bun.serve, QoS 1 heartbeats against mosquitto. Exit code 1 when a target is missed.
 */

import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { heartbeats } from './heartbeats';
import { stopAll, useScratch } from './processes';
import { type Places, startAndMemory } from './product';
import { seed } from './seed';
import { printTable } from './table';
import { verification } from './verification';

const licencas = 100_000;
const secondsMax = 180;

const scratch = mkdtempSync(join(tmpdir(), 'narcidi-bench-'));
const places: Places = {
  executable: resolve(import.meta.dir, '../../dist/narcidicontrol'),
  scratch,
  data: join(scratch, 'data'),
};

const tooLong = setTimeout(() => void abandon(`not done after ${secondsMax} s`), secondsMax * 1_000);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void abandon(signal));
try {
  process.exitCode = (await measure()) ? 0 : 1;
} finally {
  clearTimeout(tooLong);
  await cleanUp();
}

/** @returns whether every target is met. */
async function measure(): Promise<boolean> {
  if (!existsSync(places.executable)) throw new Error(`${places.executable} is missing: run scripts/build`);
  const temporary = join(scratch, 'tmp');
  mkdirSync(temporary);
  useScratch(temporary);
  const keysFile = join(scratch, 'keys.txt');
  await seed(places.data, licencas, keysFile);
  const still = await startAndMemory(places, licencas.toLocaleString('en-US'));
  const verified = await verification(places, keysFile);
  const heard = await heartbeats(places);
  const rows = [...verified.rows, ...heard.rows, ...still];
  printTable(rows);
  console.log(['', ...verified.notes, ...heard.notes].join('\n'));
  return rows.every((row) => row.ok !== false);
}

async function cleanUp(): Promise<void> {
  await stopAll();
  rmSync(scratch, { recursive: true, force: true });
}

/** Ends the bench from outside its course. */
async function abandon(reason: string): Promise<never> {
  console.error(`bench: ${reason}`);
  await cleanUp();
  process.exit(1);
}
