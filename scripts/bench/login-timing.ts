/**
 * Whether the time of a refused log-in tells if the account exists: wrong passwords of a known account and of unknown ones,
 * by turns, each from an address of its own. `bun scripts/bench/login-timing.ts [PAIRS]`, after a build. Exit code 1 when
 * the medians are further apart than two halves of the same kind are.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stop, stopAll, useScratch } from './processes';
import { admin, serve } from './product';
import { median } from './table';

const pairs = Number(process.argv[2] ?? 80);
const warmUps = 10;
/** On a quiet machine two halves of the same kind differ by less than 1 %; a busy one is given this much at least. */
const noiseMin = 0.03;

const scratch = mkdtempSync(join(tmpdir(), 'narcidi-login-'));
useScratch(scratch);
try {
  process.exitCode = (await measure()) ? 0 : 1;
} finally {
  await stopAll();
  rmSync(scratch, { recursive: true, force: true });
}

async function measure(): Promise<boolean> {
  const executable = resolve(import.meta.dir, '../../dist/narcidicontrol');
  const places = { executable, scratch, data: join(scratch, 'data') };
  const { child, url } = await serve(places, { NARCIDI_TRUSTED_PROXIES: '127.0.0.1' });
  const times: Record<'known' | 'unknown', number[]> = { known: [], unknown: [] };
  for (let n = -warmUps; n < pairs; n += 1) {
    // Which of the two comes first changes, so that neither profits from the other.
    const order = n % 2 === 0 ? (['known', 'unknown'] as const) : (['unknown', 'known'] as const);
    for (const kind of order) {
      const username = kind === 'known' ? admin.email : `ninguem-${n}@exemplo.com.br`;
      const elapsed = await refused(url, username, 2 * (n + warmUps) + (kind === 'known' ? 0 : 1));
      if (n >= 0) times[kind].push(elapsed);
    }
  }
  await stop(child);
  const [known, unknown] = [median(times.known), median(times.unknown)];
  const halves = [times.known, times.unknown].map((all) => {
    const [even, odd] = [0, 1].map((rest) => median(all.filter((_, at) => at % 2 === rest)));
    return Math.abs((even ?? 0) / (odd ?? 1) - 1);
  });
  const noise = Math.max(noiseMin, ...halves);
  const difference = Math.abs(known / unknown - 1);
  console.log(`wrong password ${known.toFixed(2)} ms, unknown account ${unknown.toFixed(2)} ms (medians of ${pairs})`);
  console.log(`they differ by ${(difference * 100).toFixed(2)} %, noise ${(noise * 100).toFixed(2)} %`);
  return difference <= noise;
}

/** Milliseconds until the refusal of one log-in. */
async function refused(url: string, username: string, from: number): Promise<number> {
  const body = new URLSearchParams({ grant_type: 'password', username, password: 'uma-senha-errada' });
  const headers = { 'x-forwarded-for': `10.${(from >> 16) & 255}.${(from >> 8) & 255}.${from & 255}` };
  const startedAt = performance.now();
  const response = await fetch(`${url}/api/v1/auth/token`, { method: 'POST', body, headers });
  await response.arrayBuffer();
  const elapsed = performance.now() - startedAt;
  if (response.status !== 400) throw new Error(`answered ${response.status}`);
  return elapsed;
}
