/**
 * Events under load: requests that cause one event each, without anybody who listens and with 10 webhooks and 200 live
 * clients, in one run. `bun scripts/bench/events.ts`, after a build.
 */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { change, customers } from './changes';
import { cpuSeconds, lineWhere, start, stop, stopAll, useScratch } from './processes';
import { serve, signIn, tokenOf } from './product';

const executable = resolve(import.meta.dir, '../../dist/narcidicontrol');
const webhooks = 10;
const liveClients = 200;
const customerCount = 200;
const inFlight = 16;
const seconds = 10;
const pace = 1_000;
const liveP99MsMax = 250;
const throughputRatioMin = 0.8;

interface Stats {
  deliveries: number;
  bytes: number;
  dropped: number;
  seen: number;
  p50: number;
  p99: number;
  max: number;
}

const scratch = mkdtempSync(join(tmpdir(), 'narcidi-events-'));
useScratch(scratch);
try {
  mkdirSync(join(scratch, 'data'));
  const places = { executable, scratch, data: join(scratch, 'data') };
  const product = await serve(places, { NARCIDI_WEBHOOK_ALLOW_PRIVATE: 'on', NARCIDI_TOKEN_TTL: '7200' });
  const token = await tokenOf(product.url);
  const admin = await signIn(product.url);
  const ids = await customers(admin, customerCount);
  const load = async (wanted: { seconds: number; pace?: number }): Promise<number> =>
    (await change(admin, ids, { inFlight, ...wanted })).rate;
  await load({ seconds: 2 });
  const pacedAlone = await load({ seconds, pace });
  const cpuAtFirst = cpuSeconds(product.child.pid);
  const alone = await load({ seconds });
  const cpuAlone = cpuSeconds(product.child.pid) - cpuAtFirst;

  const child = start(
    [process.execPath, join(import.meta.dir, 'event-consumers.ts'), product.url, token, String(liveClients)],
    {},
    scratch,
  );
  const port = (await lineWhere(child, (line) => /^\d+$/.test(line))).trim();
  const stats = async (): Promise<Stats> => (await (await fetch(`http://127.0.0.1:${port}/stats`)).json()) as Stats;
  for (let n = 0; n < webhooks; n += 1) {
    await admin.post('/webhooks', { url: `http://127.0.0.1:${port}/${n}`, eventos: ['cliente.*'] });
  }
  await load({ seconds: 2 });
  await stats();
  const pacedBusy = await load({ seconds, pace });
  const pacedLive = await stats();
  const cpu = cpuSeconds(product.child.pid);
  const busy = await load({ seconds });
  const loaded = await stats();
  const cpuBusy = cpuSeconds(product.child.pid) - cpu;
  const paced = await imports(product.url, token, seconds);
  const calm = await stats();

  const ratio = pacedBusy / pacedAlone;
  const perRequest = (cpuSpent: number, rate: number): string => ((cpuSpent * 1000) / (rate * seconds)).toFixed(2);
  const consumers = `${webhooks} webhooks and ${liveClients} live clients`;
  console.log(
    [
      `requests that cause an event, ${pace}/s wanted: alone ${pacedAlone.toFixed(0)}/s, with ${consumers}`,
      `${pacedBusy.toFixed(0)}/s = ${ratio.toFixed(2)} (>= ${throughputRatioMin} wanted)`,
    ].join(' '),
  );
  console.log(
    [
      `as many as there are answers: alone ${alone.toFixed(0)}/s, with them ${busy.toFixed(0)}/s = ${(busy / alone).toFixed(2)};`,
      `the server's processor time a request ${perRequest(cpuAlone, alone)} ms alone, ${perRequest(cpuBusy, busy)} ms with them`,
    ].join(' '),
  );
  for (const [name, rate, { deliveries, p50, p99, max, dropped }] of [
    [`requests at ${pace}/s`, pacedBusy, pacedLive],
    ['requests without a pace', busy, loaded],
    [`imports paced to ${pace} events/s`, paced, calm],
  ] as const) {
    console.log(
      `${name}: ${rate.toFixed(0)} events/s, ${(deliveries / seconds).toFixed(0)} webhook deliveries/s, live p50 ${p50} ms, p99 ${p99} ms (< ${liveP99MsMax} wanted), max ${max} ms, ${dropped} dropped`,
    );
  }
  process.exitCode = ratio >= throughputRatioMin && calm.p99 < liveP99MsMax ? 0 : 1;
  await stop(product.child);
} finally {
  await stopAll();
  rmSync(scratch, { recursive: true, force: true });
}

/** Imports customers, a hundred events a request, at the pace wanted. @returns events a second. */
async function imports(url: string, token: string, duration: number): Promise<number> {
  const from = performance.now();
  const rows = 100;
  let sent = 0;
  while (performance.now() - from < duration * 1000) {
    const early = (sent / pace) * 1000 - (performance.now() - from);
    if (early > 1) await Bun.sleep(early);
    const lines = Array.from({ length: rows }, (_, n) => `Importado,i${sent + n}@exemplo.com.br`);
    const answer = await fetch(`${url}/api/v1/clientes/importar?modo=pular`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'text/csv' },
      body: ['nome,email', ...lines].join('\n'),
    });
    if (!answer.ok) throw new Error(`import: ${answer.status} ${await answer.text()}`);
    sent += rows;
  }
  return sent / ((performance.now() - from) / 1000);
}
