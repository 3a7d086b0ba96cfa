/** The log of a running executable: in files, searched and paged by the API, at levels that change while it runs. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { adminClient, createLicenca, eventually, type TestServer } from '../support/app';
import { type Running, scratch, serve } from '../support/executable';

const folder = scratch();
const data = join(folder.path, 'data');
let server: Running;
let call: TestServer['call'];
beforeAll(async () => {
  server = await serve(data);
  call = await adminClient(server.url);
});
afterAll(async () => {
  await server.signal('SIGTERM');
  folder.remove();
});

const wholeLog = (): string =>
  readdirSync(join(data, 'logs'))
    .map((name) => readFileSync(join(data, 'logs', name), 'utf8'))
    .join('');

describe('levels', () => {
  test('of one part change at once, are audited, and go back', async () => {
    const before = await call('GET', '/logs/niveis');
    expect(before.body).toMatchObject({ padrao: 'info', modulos: { http: 'info' } });
    const changed = await call('PUT', '/logs/niveis', { modulos: { http: 'debug' } });
    expect([changed.status, changed.body.modulos.http, changed.body.modulos.mqtt]).toEqual([200, 'debug', 'info']);
    const { body } = await call('GET', '/auditoria?entidade=logs');
    expect(body.itens[0]).toMatchObject({ acao: 'editar', entidade: 'logs', depois: { modulos: { http: 'debug' } } });
    expect((await call('PUT', '/logs/niveis', { modulos: { http: 'gritar' } })).status).toBe(422);
    expect((await call('PUT', '/logs/niveis', { modulos: { 'NÃO PODE': 'info' } })).status).toBe(422);
  });
});

describe('what was logged', () => {
  test('is found by request, level, part and text', async () => {
    await call('GET', '/clientes?limite=1', undefined, { 'x-request-id': 'procure-por-mim' });
    const { itens } = await eventually(
      async () => (await call('GET', '/logs?requisicao=procure-por-mim')).body,
      (page) => page.itens.length > 0,
    );
    expect(itens).toHaveLength(1);
    expect(itens[0]).toMatchObject({
      nivel: 'debug',
      modulo: 'http',
      mensagem: 'request',
      request_id: 'procure-por-mim',
      dados: { metodo: 'GET', caminho: '/api/v1/clientes', status: 200 },
    });
    expect((await call('GET', '/logs?requisicao=procure-por-mim&nivel=info')).body.itens).toEqual([]);
    expect((await call('GET', '/logs?modulo=mqtt&texto=procure')).body.itens).toEqual([]);
    expect((await call('GET', '/logs?texto=PROCURE-POR-MIM')).body.itens.length).toBeGreaterThan(0);
    expect((await call('GET', '/logs?desde=ontem')).status).toBe(422);
    expect((await call('GET', `/logs?desde=2099-01-01T00:00:00Z`)).body.itens).toEqual([]);
  });

  test('is paged without a gap or a double while more is written', async () => {
    for (let n = 0; n < 30; n += 1) await call('GET', '/planos', undefined, { 'x-request-id': `pagina-${n}` });
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const at: string = cursor ? `&cursor=${cursor}` : '';
      const { body } = await call('GET', `/logs?texto=pagina-&limite=7${at}`);
      seen.push(...body.itens.map((linha: { request_id: string }) => linha.request_id));
      cursor = body.proximo_cursor;
    }
    const own = seen.filter((id) => id.startsWith('pagina-'));
    expect(own).toEqual(Array.from({ length: 30 }, (_, n) => `pagina-${29 - n}`));
    expect((await call('GET', '/logs?cursor=bm9uc2Vuc2U')).status).toBe(422);
    expect((await call('GET', '/logs?cursor=Li4vLi4vZXRjL3Bhc3N3ZDow')).status).toBe(422);
  });

  test('holds no secret, and is for its owner’s eyes only', async () => {
    const { licenca } = await createLicenca({ call }, {});
    await call('GET', `/licencas/verificar/${licenca.chave}`, undefined, { authorization: null });
    await call('POST', '/webhooks', { url: 'https://exemplo.com.br/x', eventos: ['*'] });
    await call('PUT', '/auth/senha', { senha_atual: 'errada-de-proposito', senha_nova: 'outra-errada-tambem' });
    await call('GET', '/planos', undefined, { 'x-request-id': 'fim-dos-segredos' });
    await eventually(
      async () => wholeLog(),
      (text) => text.includes('fim-dos-segredos'),
    );
    const text = wholeLog();
    for (const secret of [licenca.chave, 'senha-de-teste', 'errada-de-proposito', 'eyJ', 'whsec_']) {
      expect({ secret, found: text.includes(secret) }).toEqual({ secret, found: false });
    }
    expect(statSync(data).mode & 0o077).toBe(0);
    for (const name of readdirSync(join(data, 'logs'))) expect(statSync(join(data, 'logs', name)).mode & 0o077).toBe(0);
  });
});
