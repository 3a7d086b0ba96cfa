/** A product for machines of every licence, such as the agent: whoever may update their own software may fetch it too. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type Answer, activate, createLicenca, startServer, type TestServer, unique } from '../support/app';
import { check, createProduto, type Publisher, publisher, sha256 } from '../support/versoes';

let server: TestServer;
let admin: Publisher;
beforeAll(async () => {
  server = await startServer();
  admin = await publisher(server);
});
afterAll(() => server.stop());

interface Caller {
  produto: string;
  licenca: Answer['body'];
  token: string;
  maquinaId: string;
}

async function caller(fields: object = {}): Promise<Caller> {
  const produto = await createProduto(server, unique('produto'));
  const { licenca } = await createLicenca(server, { produto, ...fields });
  const { body } = await activate(server, licenca.chave);
  return { produto, licenca, token: body.token, maquinaId: body.maquina.id };
}

/** A tool with one version published. */
async function tool(content: string, fields: Record<string, string> = {}) {
  const slug = unique('agente');
  const { body: produto } = await server.call('POST', '/produtos', { slug, nome: slug, uso_geral: true });
  const versao = await admin.publish({ produto: slug, versao: '1.1.0', ...fields }, content);
  return { slug, produto, versao };
}

async function fetchFile(url: string, token?: string): Promise<[status: number, codigoOrHash: string]> {
  const response = await fetch(url, token ? { headers: { authorization: `Bearer ${token}` } } : {});
  if (response.status !== 200) {
    const body: unknown = await response.json();
    return [response.status, String(Object(body).codigo)];
  }
  return [200, sha256(await response.bytes())];
}

const fileOf = (id: string): string => `${server.url}/api/v1/uploads/download/${id}`;
const motivo = { motivo: 'teste' };

describe('a product for every licence', () => {
  test('is marked so when it is made or later; another is not', async () => {
    const { produto } = await tool('um');
    expect(produto.uso_geral).toBe(true);
    const { body: plain } = await server.call('POST', '/produtos', { slug: unique('p'), nome: 'p' });
    expect(plain.uso_geral).toBe(false);
    const { body: changed } = await server.call('PUT', `/produtos/${plain.id}`, { uso_geral: true });
    expect(changed.uso_geral).toBe(true);
    expect((await server.call('PUT', `/produtos/${plain.id}`, { nome: 'q' })).body.uso_geral).toBe(true);
    expect((await server.call('PUT', `/produtos/${plain.id}`, { uso_geral: 'sim' })).status).toBe(422);
  });

  test('updates machines of two other products, by token, by key and by signed address', async () => {
    const content = unique('o agente');
    const { slug, versao } = await tool(content);
    for (const { token, licenca } of [await caller(), await caller({ versoes: '>=7.0.0' })]) {
      const { status, body } = await check(server, token, { produto: slug });
      expect([status, body.versao.id]).toEqual([200, versao.id]);
      expect(await fetchFile(body.url)).toEqual([200, sha256(content)]);
      expect(await fetchFile(fileOf(versao.id), token)).toEqual([200, sha256(content)]);
      const { body: byKey } = await check(server, null, { produto: slug, chave: licenca.chave });
      expect(byKey.versao.id).toBe(versao.id);
      // Its own product stays its own.
      expect((await check(server, token, {})).body.atualizacao).toBe(false);
    }
  });

  test('an ordinary product is refused to the machines of another, in check and download', async () => {
    const mine = await caller();
    const other = await caller();
    const versao = await admin.publish({ produto: other.produto, versao: '1.1.0' });
    const { status, body } = await check(server, mine.token, { produto: other.produto });
    expect([status, body.codigo]).toEqual([403, 'PRODUTO_DIFERENTE']);
    expect(await fetchFile(fileOf(versao.id), mine.token)).toEqual([403, 'PRODUTO_DIFERENTE']);
    expect((await check(server, mine.token, { produto: 'nenhum' })).body.codigo).toBe('PRODUTO_DIFERENTE');
  });

  test('is refused to a blocked machine and licence at once, also where the answer was remembered', async () => {
    const { slug, versao } = await tool('bloqueios');
    const blocked = await caller();
    const neighbour = await caller();
    const ask = (who: Caller): Promise<Answer> => check(server, who.token, { produto: slug });
    const { body: before } = await ask(blocked);
    expect((await ask(blocked)).body.atualizacao).toBe(true);
    await server.call('POST', `/maquinas/${blocked.maquinaId}/bloquear`, motivo);
    expect((await ask(blocked)).body.codigo).toBe('MAQUINA_BLOQUEADA');
    expect(await fetchFile(before.url)).toEqual([403, 'MAQUINA_BLOQUEADA']);
    expect(await fetchFile(fileOf(versao.id), blocked.token)).toEqual([403, 'MAQUINA_BLOQUEADA']);
    expect((await ask(neighbour)).body.atualizacao).toBe(true);
    await server.call('POST', `/licencas/${neighbour.licenca.id}/bloquear`, motivo);
    expect((await ask(neighbour)).body.codigo).toBe('BLOQUEADA');
  });

  test('asks the features of each licence, whatever was remembered of another', async () => {
    const { slug } = await tool('recursos', { requisitos: JSON.stringify({ recursos: ['nfe'] }) });
    const has = await caller({ recursos: ['nfe'] });
    const lacks = await caller();
    for (const _ of [1, 2]) {
      expect((await check(server, has.token, { produto: slug })).body.atualizacao).toBe(true);
      expect((await check(server, lacks.token, { produto: slug })).body.atualizacao).toBe(false);
    }
  });

  test('is pinned for one machine, which holds neither its own product nor others', async () => {
    const { slug } = await tool('fixada');
    const pinned = await caller();
    const free = await caller();
    await admin.publish({ produto: pinned.produto, versao: '2.0.0' });
    const pin = { alvo: 'maquina', alvo_id: pinned.maquinaId, produto: slug, versao: '1.0.0' };
    expect((await server.call('POST', '/uploads/fixacoes', pin)).status).toBe(201);
    expect((await check(server, pinned.token, { produto: slug })).body.atualizacao).toBe(false);
    expect((await check(server, pinned.token, {})).body.versao.versao).toBe('2.0.0');
    expect((await check(server, free.token, { produto: slug })).body.atualizacao).toBe(true);
  });

  test('that no longer is one is refused from that moment, remembered answers too', async () => {
    const { slug, produto, versao } = await tool('revogada');
    const { token } = await caller();
    const { body } = await check(server, token, { produto: slug });
    expect(body.atualizacao).toBe(true);
    await server.call('PUT', `/produtos/${produto.id}`, { uso_geral: false });
    expect((await check(server, token, { produto: slug })).body.codigo).toBe('PRODUTO_DIFERENTE');
    expect(await fetchFile(body.url)).toEqual([403, 'PRODUTO_DIFERENTE']);
    expect(await fetchFile(fileOf(versao.id), token)).toEqual([403, 'PRODUTO_DIFERENTE']);
  });
});
