import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { senhaForte, userWith } from '../support/access';
import { type Answer, createLicenca, startServer, type TestServer, unique } from '../support/app';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

describe('the audit', () => {
  test('tells who did what, when, from where and under which request', async () => {
    const email = `${unique('aud')}@exemplo.com.br`;
    const made = await server.call('POST', '/clientes', { nome: 'A', email }, { 'x-request-id': 'pedido-77' });
    await server.call('PUT', `/clientes/${made.body.id}`, { nome: 'B' });
    const { body } = await server.call('GET', `/auditoria?entidade=cliente&entidade_id=${made.body.id}&ordem=em`);
    expect(body.itens.map(({ acao }: { acao: string }) => acao)).toEqual(['criar', 'editar']);
    const [criar, editar] = body.itens;
    const { id, nome } = (await server.call('GET', '/auth/me')).body;
    expect(criar).toMatchObject({
      ator: { tipo: 'usuario', id, nome },
      antes: null,
      depois: { nome: 'A' },
      ip: '127.0.0.1',
      request_id: 'pedido-77',
    });
    expect([editar.antes.nome, editar.depois.nome]).toEqual(['A', 'B']);
    expect(editar.em).toMatch(/Z$/);
  });

  test('is filtered by actor, entity, act and time, and paged by key', async () => {
    const { id, call } = await userWith(server, 'operador');
    for (let n = 0; n < 5; n += 1) await call('POST', '/produtos', { nome: 'P', slug: unique('p') });
    const all = await server.call('GET', `/auditoria?ator=${id}&acao=criar&entidade=produto&total=true`);
    expect(all.body.total).toBe(5);
    const seen: string[] = [];
    let path: string | null = `/auditoria?ator=${id}&acao=criar&limite=2`;
    while (path) {
      const page: Answer = await server.call('GET', path);
      seen.push(...page.body.itens.map((item: { id: string }) => item.id));
      path = /<\/api\/v1([^>]+)>/.exec(page.headers.get('link') ?? '')?.[1] ?? null;
    }
    expect(seen).toEqual(all.body.itens.map((item: { id: string }) => item.id));
    expect([...seen].sort().reverse()).toEqual(seen);
    const { em } = all.body.itens[0];
    expect((await server.call('GET', `/auditoria?ator=${id}&acao=criar&de=${em}`)).body.itens).not.toEqual([]);
    expect((await server.call('GET', `/auditoria?ator=${id}&ate=2020-01-01T00:00:00Z`)).body.itens).toEqual([]);
    expect((await server.call('GET', '/auditoria?de=ontem')).status).toBe(422);
  });

  test('holds no secret', async () => {
    const { licenca } = await createLicenca(server);
    const key = await server.call('POST', '/chaves-api', { nome: 'K', permissoes: ['planos:ler'] });
    await userWith(server, 'leitura');
    const text = await (await exported()).text();
    for (const secret of [licenca.chave, key.body.client_secret, senhaForte, 'argon2', '_hmac', '_selad']) {
      expect(text).not.toContain(secret);
    }
  });

  test('is exported as JSON lines, oldest first, with the links of the chain', async () => {
    const response = await exported();
    expect(response.headers.get('content-type')).toStartWith('application/x-ndjson');
    const lines = (await response.text()).trim().split('\n');
    const rows = lines.map((line) => JSON.parse(line) as { seq: number; hash: string; hash_anterior: string });
    expect(rows.length).toBeGreaterThan(10);
    for (const [n, row] of rows.entries()) {
      expect([row.seq, row.hash_anterior]).toEqual([n + 1, rows[n - 1]?.hash ?? '']);
    }
  });

  async function exported(): Promise<Response> {
    const { call: _, ...rest } = server;
    const { body } = await server.call('POST', '/chaves-api', { nome: 'leitor', permissoes: ['auditoria:ler'] });
    const form = { grant_type: 'client_credentials', client_id: body.client_id, client_secret: body.client_secret };
    const token = await fetch(`${rest.url}/api/v1/auth/token`, { method: 'POST', body: new URLSearchParams(form) });
    const { access_token } = (await token.json()) as { access_token: string };
    return fetch(`${rest.url}/api/v1/auditoria/exportar`, { headers: { authorization: `Bearer ${access_token}` } });
  }
});

describe('verifying the chain', () => {
  test('is content with what the server wrote, while it goes on writing', async () => {
    const writes = Promise.all(
      Array.from({ length: 30 }, () => server.call('POST', '/produtos', { nome: 'P', slug: unique('p') })),
    );
    const { body } = await server.call('GET', '/auditoria/verificar');
    await writes;
    expect(body).toMatchObject({ integra: true, quebra_em: null });
    const again = await server.call('GET', '/auditoria/verificar');
    expect(again.body.integra).toBe(true);
    expect(again.body.verificados).toBeGreaterThan(body.verificados - 1);
  });

  interface Row {
    seq: number;
    id: string;
    depois: string | null;
  }
  type Tamper = (db: Database, rows: Row[]) => string | undefined;
  /** What is said of a chain that ends too early. */
  const ends = new Set(['faltam linhas depois desta', 'selo']);
  const dropTriggers = 'DROP TRIGGER auditoria_sem_update; DROP TRIGGER auditoria_sem_delete';

  test.each<[string, Tamper, string]>([
    [
      'a changed row',
      (db, rows) => {
        const row = rows.find(({ depois }) => depois?.includes('Cliente'));
        db.run(`UPDATE auditoria SET depois = replace(depois, 'Cliente', 'Outro') WHERE seq = ?`, [row?.seq ?? 0]);
        return row?.id;
      },
      'o conteúdo não é o que foi gravado',
    ],
    [
      'another actor',
      (db, rows) => {
        db.run(`UPDATE auditoria SET ator_id = NULL WHERE seq = ?`, [rows[5]?.seq ?? 0]);
        return rows[5]?.id;
      },
      'o conteúdo não é o que foi gravado',
    ],
    [
      'a removed row',
      (db, rows) => {
        db.run(`DELETE FROM auditoria WHERE seq = ?`, [rows[4]?.seq ?? 0]);
        return rows[5]?.id;
      },
      'falta ou mudou uma linha',
    ],
    [
      'the end cut off',
      (db, rows) => {
        db.run(`DELETE FROM auditoria WHERE seq > ?`, [rows.at(-3)?.seq ?? 0]);
        return rows.at(-3)?.id;
      },
      'faltam linhas depois desta',
    ],
    [
      'the end cut off and its seal moved along',
      (db, rows) => {
        db.run(`DELETE FROM auditoria WHERE seq > ?`, [rows.at(-3)?.seq ?? 0]);
        db.run(`UPDATE auditoria_selo SET (seq, hash) = (SELECT seq, hash FROM auditoria ORDER BY seq DESC LIMIT 1)`);
        return rows.at(-3)?.id;
      },
      'selo',
    ],
    [
      'no seal',
      (db, rows) => {
        db.run('DELETE FROM auditoria_selo');
        return rows.at(-1)?.id;
      },
      'selo',
    ],
  ])('finds %s, made directly in SQLite, and says where', async (_, tamper, motivo) => {
    const own = await startServer();
    for (let n = 0; n < 4; n += 1) await createLicenca(own);
    const db = new Database(join(own.data, 'narcidi.db'));
    db.run('PRAGMA busy_timeout = 5000');
    expect(() => db.run(`UPDATE auditoria SET acao = 'x' WHERE seq = 1`)).toThrow('append-only');
    expect(() => db.run(`DELETE FROM auditoria WHERE seq = 1`)).toThrow('append-only');
    for (const statement of dropTriggers.split('; ')) db.run(statement);
    const rows = db.query<Row, []>('SELECT seq, id, depois FROM auditoria ORDER BY seq').all();
    const place = tamper(db, rows);
    db.close();
    const { body } = await own.call('GET', '/auditoria/verificar');
    expect(body.integra).toBe(false);
    // Where the server has written on meanwhile, of its own accord, the break is at what it wrote.
    const writtenOn = body.motivo.startsWith('não continua') && place !== undefined && body.quebra_em > place;
    if (!(writtenOn && ends.has(motivo))) {
      expect(body.quebra_em).toBe(place);
      expect(body.motivo).toContain(motivo);
    }
    await own.stop();
  });

  test.each([
    ['as it is', ''],
    [
      'with its seal moved along',
      'UPDATE auditoria_selo SET (seq, hash) = (SELECT seq, hash FROM auditoria ORDER BY seq DESC LIMIT 1)',
    ],
    ['without its seal', 'DELETE FROM auditoria_selo'],
  ])('an end cut off, %s, is found after the server has written on', async (_, cover) => {
    const own = await startServer();
    for (let n = 0; n < 4; n += 1) await createLicenca(own);
    const db = new Database(join(own.data, 'narcidi.db'));
    db.run('PRAGMA busy_timeout = 5000');
    for (const statement of dropTriggers.split('; ')) db.run(statement);
    db.run('DELETE FROM auditoria WHERE seq > (SELECT max(seq) - 3 FROM auditoria)');
    if (cover) db.run(cover);
    db.close();
    const { clienteId } = await createLicenca(own);
    const { body } = await own.call('GET', '/auditoria/verificar');
    expect(body).toMatchObject({ integra: false, motivo: 'não continua a linha anterior: falta ou mudou uma linha' });
    const { body: broken } = await own.call('GET', `/auditoria?entidade_id=${clienteId}`);
    expect(body.quebra_em <= broken.itens[0].id).toBe(true);
    await own.stop();
  });
});
