/**
 * The dashboard of one machine among many with a month stored: a 30-day one against a 1-hour one, and what a machine's year
 * takes on the disk. `bun scripts/bench/dashboard.ts [MACHINES] [INTERVAL_S]`, after a build. The machine that is looked at
 * has a heartbeat a minute; the others one every INTERVAL_S (300) seconds, which keeps the bench at some 400 MB.
 */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stop, stopAll, useScratch } from './processes';
import { admin, serve, signIn } from './product';
import { type SeriesSize, seedSeries } from './seed-series';
import { median } from './table';

const machines = Number(process.argv[2] ?? 1_000);
const intervalMs = Number(process.argv[3] ?? 300) * 1_000;
const days = 30;
const rounds = 100;
const warmUps = 20;
const ratioMax = 5;
const yearHours = 365 * 24;
const periods = ['1h', '24h', '7d', '30d', '1a'] as const;

const scratch = mkdtempSync(join(tmpdir(), 'narcidi-dashboard-'));
useScratch(scratch);
try {
  process.exitCode = (await measure()) ? 0 : 1;
} finally {
  await stopAll();
  rmSync(scratch, { recursive: true, force: true });
}

async function measure(): Promise<boolean> {
  mkdirSync(join(scratch, 'empty'));
  const executable = resolve(import.meta.dir, '../../dist/narcidicontrol');
  const places = { executable, scratch, data: join(scratch, 'data') };
  const ids = await register(places);
  const [watched, ...others] = ids;
  if (!watched) throw new Error('no machine');
  const startedAt = performance.now();
  const now = Date.now();
  const sizes = await seedSeries(join(places.data, 'lmdb'), now, [
    ...others.slice(0, others.length / 2).map((maquinaId) => ({ maquinaId, days, intervalMs })),
    { maquinaId: watched, days, intervalMs: 60_000 },
    ...others.slice(others.length / 2).map((maquinaId) => ({ maquinaId, days, intervalMs })),
  ]);
  console.log(
    `${machines} machines x ${days} days seeded in ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`,
  );
  for (const [tier, size] of Object.entries(sizes)) console.log(`${tier}: ${perEntry(size)}`);
  const { child, url } = await serve(places);
  const times = await timesOf(url, watched);
  await stop(child);
  for (const period of periods) console.log(`dashboard of ${period}: ${median(times[period]).toFixed(2)} ms`);
  const ratio = median(times['30d']) / median(times['1h']);
  console.log(`30d / 1h: ${ratio.toFixed(2)}, at most ${ratioMax}: ${ratio <= ratioMax ? 'ok' : 'MISSED'}`);
  await yearSize();
  return ratio <= ratioMax;
}

/** Machines with seats of one licence. */
async function register(places: Parameters<typeof serve>[0]): Promise<string[]> {
  const { child, url } = await serve(places);
  const api = await signIn(url);
  const cliente = await api.post<{ id: string }>('/clientes', { nome: 'Bench', email: 'series@exemplo.com.br' });
  const licenca = { cliente_id: cliente.id, tipo: 'perpetua', limite_maquinas: machines };
  const { chave } = await api.post<{ chave: string }>('/licencas', licenca);
  const ids: string[] = [];
  for (let n = 0; n < machines; n += 1) {
    const path = `/licencas/ativar/${chave}`;
    ids.push((await api.post<{ maquina: { id: string } }>(path, { impressao: `bench-${n}-machine` })).maquina.id);
  }
  await stop(child);
  return ids;
}

/** Milliseconds of each period's dashboard, the periods in turn. */
async function timesOf(url: string, id: string): Promise<Record<(typeof periods)[number], number[]>> {
  const form = new URLSearchParams({ grant_type: 'password', username: admin.email, password: admin.password });
  const signedIn = await fetch(`${url}/api/v1/auth/token`, { method: 'POST', body: form });
  const { access_token } = (await signedIn.json()) as { access_token: string };
  const headers = { authorization: `Bearer ${access_token}` };
  const times: Record<(typeof periods)[number], number[]> = { '1h': [], '24h': [], '7d': [], '30d': [], '1a': [] };
  for (let round = 0; round < warmUps + rounds; round += 1) {
    for (const period of periods) {
      const from = performance.now();
      const response = await fetch(`${url}/api/v1/maquinas/${id}/dashboard?periodo=${period}`, { headers });
      const { series } = (await response.json()) as { series: { cpu: unknown[] } };
      if (series.cpu.length < 20) throw new Error(`${period}: ${series.cpu.length} points`);
      if (round >= warmUps) times[period].push(performance.now() - from);
    }
  }
  return times;
}

/** What a year of one machine with a heartbeat a minute takes: its hours, and the finer tiers, which do not grow. */
async function yearSize(): Promise<void> {
  const id = crypto.randomUUID();
  const folder = join(scratch, 'year');
  const sizes = await seedSeries(folder, Date.now(), [{ maquinaId: id, days: 365, intervalMs: 60_000 }]);
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(2)} MB`;
  const { horas, minutos, pontos } = sizes;
  if (!horas || !minutos || !pontos) return;
  const finer = megabytes(minutos.bytes + pontos.bytes);
  console.log(
    `a machine's year: ${megabytes((horas.bytes / horas.entries) * yearHours)} of hours, beside ${finer} of minutes and heartbeats`,
  );
}

function perEntry({ entries, bytes }: SeriesSize): string {
  return `${entries.toLocaleString('en-US')} entries, ${(bytes / 1e6).toFixed(0)} MB, ${(bytes / entries).toFixed(0)} bytes each`;
}
