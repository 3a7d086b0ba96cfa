/**
 * Changes on disks that take their time to flush: one caller, who waits for the disk alone, and sixteen at once, who share the
 * wait. `bun scripts/bench/commits.ts`, after a build; needs strace, which lets each flush take longer.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { change, customers } from './changes';
import { stop, stopAll, useScratch } from './processes';
import { serve, signIn } from './product';

const executable = resolve(import.meta.dir, '../../dist/narcidicontrol');
/** What a flush takes longer than here: a good and a poor disk without a cache of its own. */
const delaysMs = [0, 2, 8];
const together = 16;
const seconds = 6;
const lookEveryMs = 5;

const scratch = mkdtempSync(join(tmpdir(), 'narcidi-commits-'));
useScratch(scratch);
try {
  for (const delayMs of delaysMs) {
    const places = { executable, scratch, data: join(scratch, `data-${delayMs}`) };
    const { child, url } = await serve(places, {}, delayed(delayMs));
    const admin = await signIn(url);
    const ids = await customers(admin, together * 2);
    await change(admin, ids, { inFlight: together, seconds: 1 });
    const one = await change(admin, ids, { inFlight: 1, seconds });
    const loop = latencies(`${url}/livez`, seconds);
    const many = await change(admin, ids, { inFlight: together, seconds });
    console.log(
      [
        `a flush ${delayMs} ms longer: one caller ${one.rate.toFixed(0)}/s, ${together} together ${many.rate.toFixed(0)}/s`,
        `(${(many.rate / one.rate).toFixed(1)}x), p99 ${p99(many.times).toFixed(0)} ms;`,
        `a request that writes nothing meanwhile, p99 ${p99(await loop).toFixed(0)} ms`,
      ].join(' '),
    );
    await stop(child);
  }
} finally {
  await stopAll();
  rmSync(scratch, { recursive: true, force: true });
}

/** The command under which each flush takes longer. */
function delayed(ms: number): string[] {
  if (ms === 0) return [];
  const inject = `inject=fdatasync,fsync:delay_exit=${ms * 1000}`;
  return ['strace', '-D', '-f', '--seccomp-bpf', '-qq', '-o', '/dev/null', '-e', 'trace=fdatasync,fsync', '-e', inject];
}

async function latencies(url: string, duration: number): Promise<number[]> {
  const times: number[] = [];
  for (const from = performance.now(); performance.now() - from < duration * 1000; ) {
    const start = performance.now();
    await (await fetch(url)).text();
    times.push(performance.now() - start);
    await Bun.sleep(lookEveryMs);
  }
  return times;
}

function p99(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? Number.NaN;
}
