/**
 * How calls grow with the data: each at 10,000 licences and at 1,000,000 (200,000 customers), p99 against p99 in one run.
 * `bun scripts/bench/scale.ts`, after a build.
 */

import { Database } from 'bun:sqlite';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { encodeCursor } from '../../src/core/page';
import { stop, stopAll, useScratch } from './processes';
import { admin, serve } from './product';
import { nameOf, seed } from './seed';

const executable = resolve(import.meta.dir, '../../dist/narcidicontrol');
const sizes = [10_000, 1_000_000] as const;
const samples = 300;
const warmUps = 300;
const pageItems = 20;
const deepPage = 10_000;
const ratioMax = 4;

const cursors = new Map<string, string>();

type Call = (n: number) => Promise<Response>;

const scratch = mkdtempSync(join(tmpdir(), 'narcidi-scale-'));
useScratch(scratch);
try {
  const results: Map<string, number>[] = [];
  for (const size of sizes) {
    const startedAt = performance.now();
    const folder = join(scratch, String(size));
    mkdirSync(folder);
    const keysFile = join(folder, 'keys.txt');
    await seed(join(folder, 'data'), size, keysFile);
    console.log(`${size} licences seeded in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
    results.push(await measure(folder, size, readFileSync(keysFile, 'utf8').trim().split('\n')));
    rmSync(folder, { recursive: true, force: true });
  }
  const [small, large] = results;
  if (!small || !large) throw new Error('nothing was measured');
  process.exitCode = print(small, large) ? 0 : 1;
} finally {
  await stopAll();
  rmSync(scratch, { recursive: true, force: true });
}

/** The p99 of each call in milliseconds. */
async function measure(folder: string, size: number, keys: readonly string[]): Promise<Map<string, number>> {
  const { child, url } = await serve({ executable, scratch: folder, data: join(folder, 'data') });
  const calls = await callsOf(`${url}/api/v1`, join(folder, 'data/narcidi.db'), size, keys);
  const result = new Map<string, number>();
  for (const [name, call] of calls) {
    const times: number[] = [];
    for (let n = 0; n < warmUps + samples; n += 1) {
      const from = performance.now();
      const response = await call(n);
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`${name}: ${response.status}`);
      if (n >= warmUps) times.push(performance.now() - from);
    }
    times.sort((a, b) => a - b);
    result.set(name, times[Math.floor(times.length * 0.99)] ?? Number.NaN);
  }
  await stop(child);
  return result;
}

async function callsOf(
  api: string,
  database: string,
  size: number,
  keys: readonly string[],
): Promise<[string, Call][]> {
  const form = new URLSearchParams({ grant_type: 'password', username: admin.email, password: admin.password });
  const token = (await (await fetch(`${api}/auth/token`, { method: 'POST', body: form })).json()) as {
    access_token: string;
  };
  const headers = { authorization: `Bearer ${token.access_token}`, 'content-type': 'application/json' };
  const get = (path: string) => fetch(`${api}${path}`, { headers });
  const post = (path: string, body: object) =>
    fetch(`${api}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  const customers = size / 5;
  const somebody = rowAt(database, 'clientes', 0).id;
  const keyOf = (n: number) => keys[(n * 7_919) % keys.length];
  return [
    ['clientes, page 1', () => get(`/clientes?limite=${pageItems}`)],
    [
      'clientes, page 10,000',
      () => get(`/clientes?limite=${pageItems}&cursor=${deepCursor(database, 'clientes', customers)}`),
    ],
    ['licencas, page 1', () => get(`/licencas?limite=${pageItems}`)],
    [
      'licencas, page 10,000',
      () => get(`/licencas?limite=${pageItems}&cursor=${deepCursor(database, 'licencas', size)}`),
    ],
    [
      'clientes, part of a name',
      (n) =>
        get(
          `/clientes?limite=${pageItems}&busca=${encodeURIComponent(
            nameOf(((n * 31) % customers) * 5)
              .slice(3)
              .toUpperCase(),
          )}`,
        ),
    ],
    ['cliente, create', (n) => post('/clientes', { nome: `Novo ${n}`, email: `novo${n}@exemplo.com.br` })],
    ['licenca, create', () => post('/licencas', { cliente_id: somebody, tipo: 'perpetua' })],
    ['activate', (n) => post(`/licencas/ativar/${keyOf(n)}`, { impressao: `maquina-${n}` })],
    ['verify', (n) => get(`/licencas/verificar/${keyOf(n + 1_000)}`)],
  ];
}

/** The cursor of page 10,000, or of the last page where there are fewer. */
function deepCursor(database: string, table: 'clientes' | 'licencas', rows: number): string {
  const known = cursors.get(`${database} ${table}`);
  if (known) return known;
  const { id, criado_em } = rowAt(database, table, Math.min(deepPage * pageItems, rows) - pageItems - 1);
  const cursor = encodeCursor({ ordem: 'criado_em', valor: criado_em, id });
  cursors.set(`${database} ${table}`, cursor);
  return cursor;
}

function rowAt(database: string, table: 'clientes' | 'licencas', offset: number): { id: string; criado_em: number } {
  const db = new Database(database, { readonly: true });
  const row = db
    .query<{ id: string; criado_em: number }, [number]>(
      `SELECT id, criado_em FROM ${table} ORDER BY criado_em, id LIMIT 1 OFFSET ?`,
    )
    .get(offset);
  db.close();
  if (!row) throw new Error(`no row ${offset} in ${table}`);
  return row;
}

function print(small: ReadonlyMap<string, number>, large: ReadonlyMap<string, number>): boolean {
  console.log('call                        p99 at 10,000   p99 at 1,000,000   ratio');
  let ok = true;
  for (const [name, base] of small) {
    const grown = large.get(name) ?? Number.NaN;
    const ratio = grown / base;
    ok &&= ratio < ratioMax;
    const cells = [name.padEnd(26), `${base.toFixed(2)} ms`.padStart(14), `${grown.toFixed(2)} ms`.padStart(18)];
    console.log(`${cells.join(' ')}   ${ratio.toFixed(2)} ${ratio < ratioMax ? 'ok' : 'MISSED'}`);
  }
  return ok;
}
