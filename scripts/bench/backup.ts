/**
 * A backup of about a gigabyte while heartbeats and verification run: how much later they are answered, and how long a
 * restore takes beside a plain copy with hashing. `bun scripts/bench/backup.ts`, with dist/narcidicontrol built.
 */

import { Database } from 'bun:sqlite';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { open as openFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { open } from 'lmdb';
import mqtt from 'mqtt';
import { activate, adminClient, createLicenca } from '../../test/support/app';
import { executable, type Running, run, serve } from '../../test/support/executable';
import { limitRow, printTable } from './table';

const mebibyte = 1024 ** 2;
const lastro = { sqliteMib: 512, lmdbMib: 512 };
const rowBytes = 4_000;
const rowsPerMib = 256;
const calmMs = 12_000;
/** A pace a small machine takes at ease: what is measured is the wait for the backup, not for each other. */
const verificationEveryMs = 4;
const heartbeatEveryMs = 4;
const slowdownMax = 3;
const restoreMax = 2;

const folder = mkdtempSync(join(tmpdir(), 'narcidi-bench-backup-'));
const data = join(folder, 'data');
try {
  await prepare();
  const server = await serve(data);
  const rows = await measure(server).finally(() => server.signal('SIGTERM'));
  printTable([...rows, await restoreRow()]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** A data folder with ballast in each of its stores, half of it random, half of it compressible. */
async function prepare(): Promise<void> {
  const server = await serve(data);
  await server.signal('SIGTERM');
  const db = new Database(join(data, 'narcidi.db'));
  db.run('CREATE TABLE lastro (id INTEGER PRIMARY KEY, dados BLOB NOT NULL)');
  const insert = db.prepare('INSERT INTO lastro(dados) VALUES (?)');
  db.transaction(() => {
    for (let n = 0; n < lastro.sqliteMib * rowsPerMib; n += 1) insert.run(row());
  })();
  db.run('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
  const env = open({ path: join(data, 'lmdb'), maxDbs: 32, overlappingSync: false });
  const table = env.openDB<Buffer, number>({ name: 'lastro', encoding: 'binary' });
  const perCommit = 4_096;
  for (let n = 0; n < lastro.lmdbMib * rowsPerMib; n += perCommit) {
    let last: Promise<boolean> | undefined;
    for (let at = n; at < n + perCommit; at += 1) last = table.put(at, row());
    await last;
  }
  await env.close();
}

function row(): Buffer {
  return Buffer.concat([randomBytes(rowBytes / 2), Buffer.alloc(rowBytes / 2, 'narcidicontrol ')]);
}

async function measure(server: Running) {
  const call = await adminClient(server.url);
  const { licenca } = await createLicenca({ call }, { limite_maquinas: 10 });
  const { body } = await activate({ call }, licenca.chave);
  const url = `${server.url}/api/v1/licencas/verificar/${licenca.chave}?impressao=${body.maquina.impressao}`;
  const { url: broker, client_id: clientId, usuario: username, senha: password } = body.mqtt;
  const client = await mqtt.connectAsync(broker, { clientId, username, password, reconnectPeriod: 0 });
  const verify = async (): Promise<void> => {
    await (await fetch(url)).json();
  };
  const beat = async (): Promise<void> => {
    await client.publishAsync(body.mqtt.topicos.heartbeat, '{"cpu":1,"memoria":2,"disco":3}', { qos: 1 });
  };
  const during = async (done: Promise<unknown>) =>
    Promise.all([latencies(verify, verificationEveryMs, done), latencies(beat, heartbeatEveryMs, done)]);

  await during(Bun.sleep(3_000));
  const calm = await during(Bun.sleep(calmMs));
  const started = performance.now();
  const backup = call('POST', '/backups').then(({ status, body: made }) => {
    if (status !== 201) throw new Error(JSON.stringify(made));
    console.log(
      `backup of ${(made.tamanho / mebibyte).toFixed(0)} MiB in ${((performance.now() - started) / 1000).toFixed(1)} s`,
    );
  });
  const busy = await during(backup);
  await backup;
  await client.endAsync();
  return ['verification', 'heartbeat to PUBACK'].map((name, n) => {
    const before = p99(calm[n] ?? []);
    const after = p99(busy[n] ?? []);
    console.log(
      `${name}: p99 ${before.toFixed(1)} → ${after.toFixed(1)} ms, longest ${Math.max(...(busy[n] ?? [])).toFixed(0)} ms`,
    );
    return ratio(
      `${name}, p99 during a backup`,
      `${before.toFixed(1)} ms without`,
      `${after.toFixed(1)} ms`,
      after / before,
      slowdownMax,
    );
  });
}

/** How long each call took, begun at a steady pace until `done`. */
async function latencies(work: () => Promise<void>, everyMs: number, done: Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  let ended = false;
  void done.finally(() => {
    ended = true;
  });
  while (!ended) {
    const start = performance.now();
    await work();
    const took = performance.now() - start;
    times.push(took);
    if (took < everyMs) await Bun.sleep(everyMs - took);
  }
  return times;
}

function p99(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
}

/** The restore against a copy of the same files that reads, hashes, writes and flushes them. */
async function restoreRow() {
  const archive = readdirSync(join(data, 'backups')).find((name) => name.endsWith('.tar.zst')) ?? '';
  let start = performance.now();
  const { exitCode, stderr } = await run(['restore', join(data, 'backups', archive), '--data', join(folder, 'back')]);
  if (exitCode !== 0) throw new Error(stderr);
  const restoreS = (performance.now() - start) / 1000;
  start = performance.now();
  await copyHashing(join(folder, 'back'), join(folder, 'copy'));
  const copyS = (performance.now() - start) / 1000;
  return ratio(
    'restore',
    `copy with hashing ${copyS.toFixed(1)} s`,
    `${restoreS.toFixed(1)} s`,
    restoreS / copyS,
    restoreMax,
  );
}

async function copyHashing(from: string, to: string): Promise<void> {
  for (const entry of readdirSync(from, { recursive: true }).map(String)) {
    const source = resolve(from, entry);
    if (!statSync(source).isFile()) continue;
    const target = join(to, relative(from, source));
    mkdirSync(dirname(target), { recursive: true });
    const hash = createHash('sha256');
    const file = await openFile(target, 'w');
    for await (const chunk of createReadStream(source, { highWaterMark: mebibyte })) {
      hash.update(chunk);
      await file.write(chunk);
    }
    await file.sync();
    await file.close();
  }
}

function ratio(metric: string, reference: string, measured: string, value: number, limit: number) {
  return {
    ...limitRow(metric, value, '', limit),
    reference,
    measured,
    ratio: value.toFixed(2),
    target: `< ${limit}`,
    ok: value < limit,
  };
}

console.log(`with ${executable}`);
