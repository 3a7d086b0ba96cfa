/** Another program holds the database's write lock: reads go on, writes wait, and what waited too long is told so. */

import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { activate, adminClient, createLicenca, httpClient, unique } from '../support/app';
import { type Running, scratch, serve } from '../support/executable';

const folder = scratch();
const data = join(folder.path, 'data');
let server: Running;
beforeAll(async () => {
  server = await serve(data);
});
afterAll(async () => {
  await server.signal('SIGTERM');
  folder.remove();
});

/** Takes the lock in this process, as a tool of the operator would. @returns a function that gives it back. */
function holdLock(): () => void {
  const db = new Database(join(data, 'narcidi.db'));
  db.run('PRAGMA busy_timeout = 5000');
  db.run('BEGIN IMMEDIATE');
  return () => {
    db.run('ROLLBACK');
    db.close();
  };
}

const newCliente = () => ({ nome: 'Espera', email: `${unique('c')}@exemplo.com.br` });

describe('a database that another program has locked', () => {
  test('answers verification and reads meanwhile, and writes once it is free', async () => {
    const call = await adminClient(server.url);
    const { licenca } = await createLicenca({ call });
    const { body: machine } = await activate({ call }, licenca.chave);
    const own = httpClient(server.url, machine.token);
    const beat = { cpu: 1, memoria: 1, disco: 1 };
    // The first one makes the machine known as online, which is a write.
    expect((await own('POST', '/maquinas/heartbeat', beat)).status).toBe(200);
    const release = holdLock();
    const order: string[] = [];
    const writes = Array.from({ length: 5 }, () =>
      call('POST', '/clientes', newCliente()).then((answer) => {
        order.push('written');
        return answer;
      }),
    );
    const verify = `/licencas/verificar/${licenca.chave}?impressao=${machine.maquina.impressao}`;
    for (let n = 0; n < 20; n += 1) {
      expect((await httpClient(server.url, null)('GET', verify)).body.codigo).toBe('VALIDA');
      expect((await call('GET', '/clientes?limite=1')).status).toBe(200);
    }
    expect((await own('POST', '/maquinas/heartbeat', beat)).status).toBe(200);
    order.push('read');
    release();
    for (const answer of await Promise.all(writes)) expect(answer.status).toBe(201);
    expect(order[0]).toBe('read');
  });

  test('refuses a write after a while, with when to repeat it, and takes it afterwards', async () => {
    const call = await adminClient(server.url);
    const release = holdLock();
    const refused = await Promise.all([1, 2, 3].map(() => call('POST', '/clientes', newCliente())));
    release();
    for (const { status, body, headers } of refused) {
      expect([status, body.codigo, body.definitivo, headers.get('retry-after')]).toEqual([
        503,
        'INDISPONIVEL',
        false,
        '2',
      ]);
    }
    expect((await call('POST', '/clientes', newCliente())).status).toBe(201);
  }, 30_000);
});
