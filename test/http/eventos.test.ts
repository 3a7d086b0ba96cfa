import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import {
  type Answer,
  admin,
  eventually,
  httpClient,
  logIn,
  startServer,
  type TestServer,
  unique,
} from '../support/app';
import { listenSse, listenWs } from '../support/live';

let server: TestServer;
let token: string;
beforeAll(async () => {
  server = await startServer();
  token = (await logIn(server.url, admin.email, admin.senha)).body.access_token;
});
afterAll(() => server.stop());

const createCliente = async (fields: object = {}): Promise<Answer['body']> =>
  (await server.call('POST', '/clientes', { nome: 'C', email: `${unique('v')}@exemplo.com.br`, ...fields })).body;
const about = (id: string) => (messages: Answer['body'][]) => messages.some(({ dados }) => dados?.cliente_id === id);

const db = (): Database => new Database(join(server.data, 'narcidi.db'));

/** A user with a profile of its own, logged in. */
async function userWith(permissoes: string[]): Promise<{ token: string; perfilId: string; userId: string }> {
  const [perfilId, userId] = [Bun.randomUUIDv7(), Bun.randomUUIDv7()];
  const email = `${unique('u')}@exemplo.com.br`;
  const senha = 'senha-do-ouvinte-4711';
  const hash = await Bun.password.hash(senha);
  const open = db();
  open.run(
    'INSERT INTO perfis (id, nome, permissoes, embutido, criado_em, atualizado_em, rev) VALUES (?, ?, ?, 0, 0, 0, 1)',
    [perfilId, unique('perfil'), JSON.stringify(permissoes)],
  );
  open.run(
    `INSERT INTO usuarios (id, nome, email, senha_hash, perfil_id, ativo, criado_em, atualizado_em, rev)
      VALUES (?, 'U', ?, ?, ?, 1, 0, 0, 1)`,
    [userId, email, hash, perfilId],
  );
  open.close();
  return { token: (await logIn(server.url, email, senha)).body.access_token, perfilId, userId };
}

function change(statement: string, parameters: string[]): void {
  const open = db();
  open.run(statement, parameters);
  open.close();
}

describe('the list of events', () => {
  test('is keyset-paged, newest first, filtered by pattern, entity and time, with its envelope', async () => {
    const cliente = await createCliente();
    await server.call('POST', `/clientes/${cliente.id}/bloquear`, { motivo: 'x' });
    const all = await server.call('GET', `/eventos/?entidade_id=${cliente.id}`);
    expect(all.body.itens.map(({ tipo }: { tipo: string }) => tipo)).toEqual(['cliente.bloqueado', 'cliente.criado']);
    expect(all.body.itens[1]).toMatchObject({
      entidade: 'cliente',
      dados: { cliente_id: cliente.id },
      em: expect.any(String),
    });
    const first = await server.call('GET', `/eventos?entidade_id=${cliente.id}&limite=1`);
    const next = await server.call(
      'GET',
      `/eventos?entidade_id=${cliente.id}&limite=1&cursor=${first.body.proximo_cursor}`,
    );
    expect(next.body.itens).toEqual([all.body.itens[1]]);
    const some = await server.call('GET', `/eventos?entidade_id=${cliente.id}&tipo=cliente.criado`);
    expect(some.body.itens).toHaveLength(1);
    expect((await server.call('GET', '/eventos?tipo=nada.*')).status).toBe(422);
    expect((await server.call('GET', '/eventos?de=ontem')).status).toBe(422);
    const consumers = await server.call('GET', '/eventos/consumidores');
    expect(consumers.body.itens.map(({ consumidor }: { consumidor: string }) => consumidor)).toContain('webhooks');
  });
});

describe.each(['SSE', 'WebSocket'])('the live feed over %s', (kind) => {
  const listen = (options: { token?: string; tipos?: string; lastId?: string } = {}) =>
    kind === 'SSE'
      ? listenSse(server.url, options.token ?? token, options)
      : listenWs(server.url, options.token ?? token, {
          assinar: (options.tipos ?? '*').split(','),
          ...(options.lastId ? { ultimo_id: options.lastId } : {}),
        });

  test('tells of events as they are committed, as the envelope, only those asked for', async () => {
    const client = await listen({ tipos: 'cliente.criado,licenca.*' });
    const cliente = await createCliente();
    await server.call('POST', `/clientes/${cliente.id}/bloquear`, { motivo: 'x' });
    await server.call('POST', '/licencas', { cliente_id: cliente.id, tipo: 'perpetua' });
    await client.until((messages) => messages.length >= 2);
    expect(client.messages.map(({ tipo }) => tipo)).toEqual(['cliente.criado', 'licenca.criada']);
    expect(Object.keys(client.messages[0]).sort()).toEqual(['dados', 'em', 'id', 'request_id', 'tipo']);
    client.close();
  });

  test('a client that was away resumes with no gap and no double, while events go on', async () => {
    const client = await listen({ tipos: 'cliente.*' });
    const before = await createCliente();
    await client.until(about(before.id));
    client.close();
    const lastId = client.ids().at(-1) ?? '';
    const expected: string[] = [];
    const creating = (async () => {
      for (let n = 0; n < 150; n += 1) expected.push((await createCliente()).id);
    })();
    await eventually(
      async () => expected.length,
      (count) => count > 50,
    );
    const back = await listen({ tipos: 'cliente.*', lastId });
    await creating;
    await back.until((messages) => messages.length >= 150);
    expect(back.messages.map(({ dados }) => dados.cliente_id)).toEqual(expected);
    expect(new Set(back.ids()).size).toBe(150);
    back.close();
  });

  test('each hears only what its permissions allow, as they change, until its session ends', async () => {
    const { token: own, perfilId, userId } = await userWith(['eventos:ler', 'clientes:ler']);
    const client = await listen({ token: own });
    const cliente = await createCliente();
    await server.call('POST', '/licencas', { cliente_id: cliente.id, tipo: 'perpetua' });
    const second = await createCliente();
    await client.until(about(second.id));
    expect(new Set(client.messages.map(({ tipo }) => tipo))).toEqual(new Set(['cliente.criado']));
    change('UPDATE perfis SET permissoes = ? WHERE id = ?', ['["eventos:ler","licencas:ler"]', perfilId]);
    while (!client.messages.some(({ tipo }) => tipo === 'licenca.criada')) {
      await server.call('POST', '/licencas', { cliente_id: cliente.id, tipo: 'perpetua' });
      await Bun.sleep(100);
    }
    change('UPDATE usuarios SET ativo = 0 WHERE id = ?', [userId]);
    const { code, reason } = await client.ended;
    if (kind === 'SSE') expect(reason).toBe('encerrado');
    else expect({ code, reason }).toEqual({ code: 1008, reason: 'TOKEN_INVALIDO' });
  }, 20_000);
});

describe('bad clients of the live feed', () => {
  test('nobody without a token or the permission', async () => {
    expect((await httpClient(server.url, null)('GET', '/eventos/stream')).status).toBe(401);
    const { token: other } = await userWith(['clientes:ler']);
    expect((await httpClient(server.url, other)('GET', '/eventos/stream')).status).toBe(403);
    for (const bad of ['nenhum', other]) {
      await expect(listenWs(server.url, bad)).rejects.toThrow();
    }
    expect((await server.call('GET', '/eventos/stream?tipos=nada')).status).toBe(422);
    expect((await server.call('GET', '/eventos/stream', undefined, { 'last-event-id': 'x' })).status).toBe(422);
    expect((await server.call('GET', '/eventos/ws')).status).toBeGreaterThanOrEqual(400);
  });

  test('nonsense over WebSocket is answered as a message, and the connection stays', async () => {
    const client = await listenWs(server.url, token);
    for (const text of ['{', '[]', 'null', '{"assinar":"maquina.*"}', '{"assinar":["nada.*"]}', '{"assinar":[1]}'])
      client.send(text);
    await client.until((messages) => messages.length === 6);
    expect(client.messages.map(({ erro }) => erro.codigo)).toEqual(['JSON_INVALIDO', ...Array(5).fill('VALIDACAO')]);
    client.send('{"assinar":["cliente.*"],"confirmar":true}');
    await client.until((messages) => messages.some(({ assinado }) => assinado !== undefined));
    const cliente = await createCliente();
    await client.until(about(cliente.id));
    client.close();
  });

  test('an id that is no longer kept is told as a gap', async () => {
    const client = await listenSse(server.url, token, {
      lastId: '00000000-0000-7000-8000-000000000001',
      tipos: 'cliente.criado',
    });
    await client.until((messages) => messages.length >= 3);
    expect(client.messages[0]).toEqual({});
    expect(client.messages[1].tipo).toBe('cliente.criado');
    client.close();
  });
});
