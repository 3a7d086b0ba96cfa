import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { activate, adminClient, createLicenca } from '../support/app';
import { executable, run, scratch, serve } from '../support/executable';

const migrationsFolder = resolve(import.meta.dir, '../../src/storage/sqlite/migrations');

let folder: ReturnType<typeof scratch>;
let data: string;
let archive: string;

/** A data folder with a customer, a licence, a machine and its heartbeats; a backup while it is served, and one after. */
beforeAll(async () => {
  folder = scratch();
  data = join(folder.path, 'data');
  archive = join(folder.path, 'cópia de segurança.tar.zst');
  const server = await serve(data);
  const call = await adminClient(server.url);
  const { licenca } = await createLicenca({ call }, { limite_maquinas: 3 });
  const { body } = await activate({ call }, licenca.chave);
  const now = Date.now();
  const points = Array.from({ length: 500 }, (_, n) => ({
    cpu: n % 100,
    memoria: 50,
    disco: 10,
    em: new Date(now - n * 1_000).toISOString(),
  }));
  await call('POST', '/maquinas/heartbeat', points, { authorization: `Bearer ${body.token}` });
  const served = join(folder.path, 'servindo.tar.zst');
  for (const [file, running] of [
    [served, true],
    [archive, false],
  ] as const) {
    // What the server writes on its own goes on while it runs: record by record is compared with the second one.
    if (!running) expect(await server.signal('SIGTERM')).toBe(0);
    const { exitCode, stderr } = await run(['backup', 'create', '--data', data, '--out', file]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect((await run(['backup', 'drill', file, '--data', data])).exitCode).toBe(0);
  }
});
afterAll(() => folder.remove());

/** Every row of every table but those that say when the program ran, in an order of their own. */
function contents(path: string): Record<string, unknown[]> {
  const db = new Database(join(path, 'narcidi.db'), { readonly: true });
  const tables = db.query<{ name: string }, []>("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  const skipped = /^(sqlite_|clientes_busca|tarefas|sessoes|tokens_renovacao)/;
  const found = tables.flatMap(({ name }) => {
    if (skipped.test(name)) return [];
    const rows = db.query(`SELECT * FROM "${name}"`).all();
    return [[name, rows.map((row) => JSON.stringify(row)).sort()] as const];
  });
  db.close();
  return Object.fromEntries(found);
}

function keysOf(path: string): Record<string, string> {
  const hash = (name: string) =>
    createHash('sha256')
      .update(readFileSync(join(path, 'keys', name)))
      .digest('hex');
  return Object.fromEntries(readdirSync(join(path, 'keys')).map((name) => [name, hash(name)]));
}

describe('a backup', () => {
  test('restored on an empty folder has every record, key and heartbeat, and serves', async () => {
    const to = join(folder.path, 'restaurada');
    const restored = await run(['restore', archive, '--data', to]);
    expect(restored).toMatchObject({ exitCode: 0, stderr: '' });
    expect(contents(to)).toEqual(contents(data));
    expect(keysOf(to)).toEqual(keysOf(data));
    expect(statSync(join(to, 'keys', 'seal.key')).mode & 0o077).toBe(0);
    const [before, after] = [await serve(data), await serve(to)];
    const heartbeats: string[] = [];
    for (const server of [before, after]) {
      const call = await adminClient(server.url);
      const { body } = await call('GET', '/maquinas');
      const range = 'de=2020-01-01T00:00:00Z&ate=2100-01-01T00:00:00Z';
      heartbeats.push((await call('GET', `/maquinas/${body.itens[0].id}/export?${range}`)).body);
      const licencas = await call('GET', '/licencas');
      const { chave } = (await call('GET', `/licencas/${licencas.body.itens[0].id}`)).body;
      expect((await call('GET', `/licencas/verificar/${chave}`)).body.codigo).toBe('IMPRESSAO_NECESSARIA');
      expect(await server.signal('SIGTERM')).toBe(0);
    }
    expect(heartbeats[1]).toBe(String(heartbeats[0]));
    expect(heartbeats[0]?.trim().split('\n').length).toBeGreaterThanOrEqual(500);
    expect((await run(['doctor', '--data', to, '--port', '0', '--mqtt-port', '0'])).exitCode).toBe(0);
  }, 60_000);

  test('with one flipped byte is found by verify and refused by restore, which leaves everything as it was', async () => {
    const damaged = join(folder.path, 'virado.tar.zst');
    const to = join(folder.path, 'intocada');
    cpSync(data, to, { recursive: true });
    const bytes = readFileSync(archive);
    const before = contents(to);
    for (const at of [0, 5, Math.floor(bytes.length / 3), bytes.length - 41, bytes.length - 40, bytes.length - 1]) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ 0x10;
      writeFileSync(damaged, flipped);
      const verified = await run(['backup', 'verify', damaged, '--data', to]);
      expect({ at, ...verified }).toMatchObject({ at, exitCode: 1, stderr: expect.stringContaining('is damaged: ') });
      expect(verified.stderr.trim().split('\n')).toHaveLength(1);
      const restored = await run(['restore', damaged, '--force', '--data', to]);
      expect({ at, ...restored }).toMatchObject({ at, exitCode: 1, stderr: expect.stringContaining('is damaged: ') });
    }
    writeFileSync(damaged, bytes.subarray(0, bytes.length - 1_000));
    expect((await run(['backup', 'verify', damaged, '--data', to])).exitCode).toBe(1);
    expect(contents(to)).toEqual(before);
    expect(readdirSync(folder.path).filter((name) => /intocada./.test(name))).toEqual([]);
  }, 60_000);

  test('is restored over a folder in use only with --force, and keeps what was there beside', async () => {
    const to = join(folder.path, 'cheia');
    cpSync(data, to, { recursive: true });
    await run(['backup', 'create', '--data', to]);
    const refused = await run(['restore', archive, '--data', to]);
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('is not empty') });
    const server = await serve(to);
    const running = await run(['restore', archive, '--force', '--data', to]);
    expect(running).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('another server is running') });
    await server.signal('SIGTERM');
    const forced = await run(['restore', archive, '--force', '--data', to]);
    expect(forced.exitCode).toBe(0);
    const kept = readdirSync(folder.path).filter((name) => name.startsWith('cheia.anterior-'));
    expect(kept).toHaveLength(1);
    expect(contents(join(folder.path, kept[0] ?? '')).licencas).toEqual(contents(data).licencas);
    // The catalogue is the installation's, not the state's.
    expect((await run(['backup', 'list', '--data', to])).stdout.trim().split('\n')).toHaveLength(1);
  }, 60_000);

  test('encrypted by passphrase opens with it alone', async () => {
    const file = join(folder.path, 'cifrado.tar.zst.age');
    const env = { NARCIDI_BACKUP_PASSPHRASE: 'quatro palavras bem longas' };
    expect((await run(['backup', 'create', '--data', data, '--out', file], { env })).exitCode).toBe(0);
    expect(readFileSync(file).subarray(0, 21).toString()).toBe('age-encryption.org/v1');
    const without = await run(['backup', 'verify', file]);
    expect(without.stderr).toContain('is encrypted: set NARCIDI_BACKUP_PASSPHRASE');
    const wrong = await run(['backup', 'verify', file], { env: { NARCIDI_BACKUP_PASSPHRASE: 'outra' } });
    expect(wrong.stderr).toContain('the passphrase is not the one it was made with');
    const to = join(folder.path, 'decifrada');
    expect((await run(['restore', file, '--data', to], { env })).exitCode).toBe(0);
    expect(contents(to)).toEqual(contents(data));
  }, 60_000);

  test('of a newer schema is refused; an older one is brought up to date, with a backup before', async () => {
    const newer = join(folder.path, 'mais-nova');
    cpSync(data, newer, { recursive: true });
    change(newer, "INSERT INTO kysely_migration(name, timestamp) VALUES ('9999-future', '')");
    const file = join(folder.path, 'futuro.tar.zst');
    expect((await run(['backup', 'create', '--data', newer, '--out', file])).exitCode).toBe(0);
    const refused = await run(['restore', file, '--data', join(folder.path, 'nunca')]);
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('newer schema (9999-future)') });
    expect(existsSync(join(folder.path, 'nunca'))).toBe(false);

    const older = join(folder.path, 'mais-velha');
    cpSync(data, older, { recursive: true });
    // As the first release left it: everything after is made anew.
    undoLastMigration(older);
    const old = join(folder.path, 'passado.tar.zst');
    expect((await run(['backup', 'create', '--data', older, '--out', old])).exitCode).toBe(0);
    const migrated = join(folder.path, 'migrada');
    expect((await run(['restore', old, '--data', migrated])).exitCode).toBe(0);
    expect(contents(migrated).licencas).toEqual(contents(data).licencas);
    const server = await serve(older);
    expect(await server.signal('SIGTERM')).toBe(0);
    expect((await run(['backup', 'list', '--data', older])).stdout).toContain(' migracao');
  }, 60_000);
});

/** Takes the last schema change back: what it made is dropped, and the note of it. */
function undoLastMigration(path: string): void {
  const last =
    readdirSync(migrationsFolder)
      .filter((name) => /^\d{4}-/.test(name))
      .sort()
      .at(-1) ?? '';
  const source = readFileSync(join(migrationsFolder, last), 'utf8');
  for (const [, kind, name] of [...source.matchAll(/CREATE (?:UNIQUE )?(TABLE|INDEX|TRIGGER) (\w+)/g)].reverse()) {
    change(path, `DROP ${kind} ${name}`);
  }
  for (const [, table, column] of source.matchAll(/ALTER TABLE (\w+) ADD COLUMN (\w+)/g)) {
    change(path, `ALTER TABLE ${table} DROP COLUMN ${column}`);
  }
  change(path, `DELETE FROM kysely_migration WHERE name = '${basename(last, '.ts')}'`);
}

function change(path: string, ...statements: string[]): void {
  const db = new Database(join(path, 'narcidi.db'));
  for (const statement of statements) db.run(statement);
  db.close();
}

describe('kill -9', () => {
  test('at ten moments of a backup leaves no half backup listed, and the running data whole', async () => {
    const to = join(folder.path, 'morta');
    cpSync(data, to, { recursive: true });
    const server = await serve(to);
    const started = performance.now();
    expect((await run(['backup', 'create', '--data', to])).exitCode).toBe(0);
    const wholeMs = performance.now() - started;
    for (let n = 0; n < 10; n += 1) {
      const child = Bun.spawn([executable, 'backup', 'create', '--data', to], { stdout: 'ignore', stderr: 'ignore' });
      await Bun.sleep((wholeMs * (n + Math.random())) / 10);
      child.kill('SIGKILL');
      await child.exited;
    }
    const listed = (await run(['backup', 'list', '--data', to])).stdout.trim().split('\n');
    for (const line of listed) {
      const file = line.slice(0, line.indexOf(': '));
      expect((await run(['backup', 'verify', file, '--data', to])).stdout).toContain('is intact');
    }
    expect((await run(['backup', 'create', '--data', to])).exitCode).toBe(0);
    const names = readdirSync(join(to, 'backups'));
    expect(names.filter((name) => name.startsWith('.part-'))).toEqual([]);
    const archives = names.filter((name) => name.endsWith('.tar.zst')).sort();
    const records = names.filter((name) => name.endsWith('.json')).map((name) => basename(name, '.json'));
    expect(records.sort()).toEqual(archives);
    expect(await server.signal('SIGTERM')).toBe(0);
    expect((await run(['doctor', '--data', to, '--port', '0', '--mqtt-port', '0'])).exitCode).toBe(0);
    expect(contents(to).licencas).toEqual(contents(data).licencas);
    expect(dirname(archive)).toBe(folder.path);
  }, 120_000);
});
