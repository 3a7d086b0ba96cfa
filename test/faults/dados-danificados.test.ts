/** Damaged stores, against the executable: named, told, and survived as far as what still reads goes. */

import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { closeSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { activate, adminClient, createLicenca, eventually, httpClient } from '../support/app';
import { run, scratch, serve } from '../support/executable';

const pageBytes = 4_096;
let folder: ReturnType<typeof scratch>;
beforeAll(() => {
  folder = scratch();
});
afterAll(() => folder.remove());

/** A server with one licence and a machine that has been heard, stopped again. */
async function house(data: string) {
  const server = await serve(data);
  const call = await adminClient(server.url);
  const { licenca } = await createLicenca({ call }, { limite_maquinas: 2 });
  const { body: machine } = await activate({ call }, licenca.chave);
  const own = httpClient(server.url, machine.token);
  expect((await own('POST', '/maquinas/heartbeat', { cpu: 1, memoria: 2, disco: 3 })).status).toBe(200);
  await call('POST', `/maquinas/${machine.maquina.id}/bloquear`, { motivo: 'antes do dano' });
  expect(await server.signal('SIGTERM')).toBe(0);
  const query = `?impressao=${machine.maquina.impressao}`;
  return { licenca, machine, verify: `/licencas/verificar/${licenca.chave}${query}` };
}

const readiness = async (url: string) => {
  const answer = await fetch(`${url}/readyz`);
  return { status: answer.status, partes: ((await answer.json()) as { partes: Record<string, string> }).partes };
};

const findings = async (data: string) => {
  const { stdout } = await run(['doctor', '--json', '--data', data, '--port', '0', '--mqtt-port', '0']);
  const { verificacoes } = JSON.parse(stdout) as { verificacoes: { nome: string; ok: boolean; detalhe: string }[] };
  return (nome: string) => verificacoes.find((finding) => finding.nome === nome);
};

async function openAlert(url: string, detalhe: string) {
  const call = await adminClient(url);
  return eventually(
    async () => (await call('GET', '/alertas/?status=aberto')).body.itens,
    (itens: { detalhe: string; titulo: string }[]) => itens.some((one) => JSON.stringify(one).includes(detalhe)),
  );
}

describe('a damaged store of heartbeats', () => {
  test.each([
    ['its header', (bytes: Buffer) => bytes.fill(0xa5, 0, 2 * pageBytes)],
    [
      'every page of it',
      (bytes: Buffer) => {
        for (let at = 2 * pageBytes; at < bytes.length; at += pageBytes) bytes.fill(0xa5, at, at + 64);
        return bytes;
      },
    ],
    ['its end, cut off', (bytes: Buffer) => bytes.subarray(0, 3 * pageBytes)],
  ])('%s: is named by doctor, set aside by the next start, and told', async (what, damage) => {
    const data = join(folder.path, what.replaceAll(/\W/g, '-'));
    const { machine, verify } = await house(data);
    const file = join(data, 'lmdb', 'data.mdb');
    writeFileSync(file, damage(readFileSync(file)));
    expect((await findings(data))('heartbeats')).toMatchObject({ ok: false });

    const server = await serve(data);
    await server.line(({ msg }) => String(msg).includes('set aside'));
    expect(readdirSync(data).filter((name) => name.startsWith('lmdb-danificado-'))).toHaveLength(1);
    expect(await readiness(server.url)).toMatchObject({ status: 200, partes: { lmdb: 'ok' } });
    expect((await httpClient(server.url, null)('GET', verify)).body.codigo).toBe('MAQUINA_BLOQUEADA');
    const heard = await httpClient(server.url, machine.token)('POST', '/maquinas/heartbeat', {
      cpu: 5,
      memoria: 6,
      disco: 7,
    });
    expect([heard.status, heard.body.maquina.bloqueada]).toEqual([200, true]);
    await openAlert(server.url, 'lmdb-danificado-');
    expect(await server.signal('SIGTERM')).toBe(0);
    expect((await findings(data))('heartbeats')).toMatchObject({ ok: true });
  });

  test('after kill -9 twice in a row it is copied both ways, and nothing is missing', async () => {
    const data = join(folder.path, 'killed');
    const { machine } = await house(data);
    const points: string[] = [];
    for (let minute = 0; minute < 3; minute += 1) {
      const server = await serve(data);
      const em = new Date(Date.now() - (10 - minute) * 60_000).toISOString();
      const own = httpClient(server.url, machine.token);
      expect((await own('POST', '/maquinas/heartbeat', { cpu: minute, memoria: 1, disco: 1, em })).status).toBe(200);
      points.push(em);
      await server.signal('SIGKILL');
    }
    const server = await serve(data);
    const call = await adminClient(server.url);
    const range = `de=${new Date(Date.now() - 3_600_000).toISOString()}&ate=${new Date(Date.now() + 60_000).toISOString()}`;
    const csv = await call('GET', `/maquinas/${machine.maquina.id}/export?${range}`);
    for (const em of points) expect(csv.body).toContain(em);
    expect(readdirSync(data).filter((name) => name.startsWith('lmdb'))).toEqual(['lmdb']);
    expect(await server.signal('SIGTERM')).toBe(0);
  });
});

describe('a damaged page of the database', () => {
  test('is named by /readyz, by doctor and by alert, while verification and blocks go on', async () => {
    const data = join(folder.path, 'pagina');
    const { verify } = await house(data);
    const database = join(data, 'narcidi.db');
    const db = new Database(database);
    db.run('PRAGMA wal_checkpoint(TRUNCATE)');
    const root = db.query<{ n: number }, []>("SELECT rootpage AS n FROM sqlite_master WHERE name = 'pagamentos'").get();
    db.close();
    const handle = openSync(database, 'r+');
    writeSync(handle, Buffer.alloc(pageBytes, 0xa5), 0, pageBytes, ((root?.n ?? 0) - 1) * pageBytes);
    closeSync(handle);
    expect((await findings(data))('database')).toMatchObject({ ok: false });

    const server = await serve(data);
    const call = await adminClient(server.url);
    const ready = await readiness(server.url);
    expect([ready.status, ready.partes.sqlite]).toEqual([503, 'database disk image is malformed']);
    const backup = await call('POST', '/backups');
    expect(backup.status).toBeGreaterThanOrEqual(500);
    expect(backup.body.codigo).toBe('BACKUP_FALHOU');
    expect((await httpClient(server.url, null)('GET', verify)).body.codigo).toBe('MAQUINA_BLOQUEADA');
    const { licenca } = await createLicenca({ call });
    expect((await activate({ call }, licenca.chave)).status).toBe(201);
    await openAlert(server.url, 'Backup falhou');
    expect(await server.signal('SIGTERM')).toBe(0);
  });
});
