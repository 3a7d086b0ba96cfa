/** Versions from the developer's disk to the machine's: sent, published, offered, fetched, withdrawn. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createPublicKey, verify } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Answer,
  activate,
  createLicenca,
  eventsOf,
  eventually,
  startServer,
  type TestServer,
  unique,
} from '../support/app';
import { check, createProduto, type Publisher, publisher, sha256 } from '../support/versoes';

let server: TestServer;
let admin: Publisher;
beforeAll(async () => {
  server = await startServer();
  admin = await publisher(server);
});
afterAll(() => server.stop());

/** A product with an activated machine. */
async function world(): Promise<{ produto: string; licenca: Answer['body']; token: string; maquinaId: string }> {
  const produto = await createProduto(server, unique('produto'));
  const { licenca } = await createLicenca(server, { produto });
  const { body } = await activate(server, licenca.chave);
  return { produto, licenca, token: body.token, maquinaId: body.maquina.id };
}

const storedFiles = (): string[] =>
  readdirSync(join(server.data, 'versoes'), { recursive: true, encoding: 'utf8' }).filter((name) => /\//.test(name));

describe('a version', () => {
  test('is what was sent, hashed and signed by a key of the JWKS', async () => {
    const produto = await createProduto(server, unique('produto'));
    const content = `o programa ${produto}`;
    const { status, headers, body } = await admin.send(
      { produto, canal: 'beta', plataforma: 'linux', arquitetura: 'x64', versao_minima: '0.9.0', obrigatoria: 'true' },
      content,
      'programa-1.0.0.AppImage',
    );
    expect(status).toBe(201);
    expect(headers.get('location')).toBe(`/api/v1/uploads/versao/${body.id}`);
    expect(body).toMatchObject({
      produto,
      versao: '1.0.0',
      canal: 'beta',
      plataforma: 'linux',
      arquitetura: 'x64',
      arquivo: 'programa-1.0.0.AppImage',
      tamanho: Buffer.byteLength(content),
      sha256: sha256(content),
      versao_minima: '0.9.0',
      obrigatoria: true,
      distribuicao_pct: 100,
      status: 'rascunho',
      downloads: 0,
    });
    const { keys }: Answer['body'] = await (await fetch(`${server.url}/.well-known/jwks.json`)).json();
    const digest = Buffer.from(body.sha256, 'hex');
    const signature = Buffer.from(body.assinatura, 'base64url');
    const signedBy = keys.filter((key: Answer['body']) =>
      verify(null, digest, createPublicKey({ key, format: 'jwk' }), signature),
    );
    expect(signedBy).toHaveLength(1);
    expect((await server.call('GET', `/uploads/versao/${body.id}`)).body).toEqual(body);
  });

  test('takes its fields after the file as well as before it', async () => {
    const produto = await createProduto(server, unique('produto'));
    const form = new FormData();
    form.append('produto', produto);
    form.append('arquivo', new Blob(['conteúdo']), 'a.bin');
    form.append('versao', '3.2.1');
    form.append('canal', 'alfa');
    const response = await admin.raw('/uploads/versao', { method: 'POST', body: form });
    expect(response.status).toBe(201);
    expect(await response.json()).toMatchObject({ versao: '3.2.1', canal: 'alfa', produto });
  });

  test('with the same content as another shares its file, which stays until the last is removed', async () => {
    const produto = await createProduto(server, unique('produto'));
    const content = unique('conteudo');
    const first = await admin.send({ produto, versao: '1.0.0' }, content);
    const second = await admin.send({ produto, versao: '1.0.1' }, content);
    const named = (): string[] => storedFiles().filter((name) => name.endsWith(sha256(content)));
    expect(named()).toHaveLength(1);
    expect((await server.call('DELETE', `/uploads/versao/${first.body.id}`)).status).toBe(204);
    expect(named()).toHaveLength(1);
    expect((await server.call('DELETE', `/uploads/versao/${second.body.id}`)).status).toBe(204);
    expect(named()).toHaveLength(0);
  });

  test('is a draft, then out, then withdrawn; each step is told once', async () => {
    const produto = await createProduto(server, unique('produto'));
    const { body } = await admin.send({ produto });
    const step = (name: string): Promise<Answer> => server.call('POST', `/uploads/versao/${body.id}/${name}`);
    expect((await step('retirar')).body.codigo).toBe('TRANSICAO_INVALIDA');
    expect((await step('publicar')).body.status).toBe('publicada');
    expect((await step('publicar')).status).toBe(200);
    expect((await server.call('DELETE', `/uploads/versao/${body.id}`)).status).toBe(409);
    expect((await step('retirar')).body.status).toBe('retirada');
    expect((await step('retirar')).status).toBe(200);
    expect(eventsOf(server, body.id)).toEqual(['versao.publicada', 'versao.retirada']);
    const { body: history } = await server.call('GET', `/uploads/versao/${body.id}/historico`);
    expect(history.itens.map(({ acao }: { acao: string }) => acao)).toEqual(['retirar', 'publicar', 'criar']);
  });

  test('once out keeps what it is; what it is offered by can change', async () => {
    const produto = await createProduto(server, unique('produto'));
    const versao = await admin.publish({ produto });
    const path = `/uploads/versao/${versao.id}`;
    expect((await server.call('PUT', path, { versao: '9.0.0' })).body.codigo).toBe('TRANSICAO_INVALIDA');
    const edited = await server.call('PUT', path, {
      distribuicao_pct: 10,
      notas: '**oi**',
      requisitos: { recursos: ['nfe'] },
    });
    expect(edited.body).toMatchObject({ distribuicao_pct: 10, notas: '**oi**', requisitos: { recursos: ['nfe'] } });
    const stale = await server.call('PUT', path, { distribuicao_pct: 20 }, { 'if-match': '"1"' });
    expect([stale.status, stale.body.codigo]).toEqual([412, 'VERSAO_DESATUALIZADA']);
  });
});

describe('release notes', () => {
  test('become HTML in which nothing of the writer’s own HTML or scripts is left', async () => {
    const produto = await createProduto(server, unique('produto'));
    const notas = [
      '# Novidades',
      '- **rápido**',
      '<script>alert(1)</script> <img src=x onerror=alert(2)>',
      '[ruim](javascript:alert(3)) [bom](https://exemplo.com.br/a "t") ![i](https://exemplo.com.br/i.png)',
      '[dados](data:text/html;base64,PHNjcmlwdD4=) <a href="vbscript:x">y</a>',
    ].join('\n\n');
    const { body } = await admin.send({ produto, notas });
    expect(body.notas).toBe(notas);
    const response = await admin.raw(`/uploads/versao/${body.id}/notas`);
    expect(response.headers.get('content-security-policy')).toContain('sandbox');
    const html = await response.text();
    expect(html).toContain('<h1>Novidades</h1>');
    expect(html).toContain('<strong>rápido</strong>');
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(html).toContain('<a href="https://exemplo.com.br/a" title="t" rel="noopener noreferrer nofollow">bom</a>');
    expect(html).not.toMatch(/<(script|img|svg|iframe)|<[^>]+(javascript|vbscript|data):/i);
  });
});

describe('an update', () => {
  test('is offered to a machine by its token and to a key, and fetched by the signed address', async () => {
    const { produto, licenca, token, maquinaId } = await world();
    const versao = await admin.publish({ produto, versao: '1.1.0', notas: 'Novidades' }, 'um ponto um', 'app.bin');
    const byToken = await check(server, token, {});
    expect(byToken.body).toEqual({
      atualizacao: true,
      obrigatoria: false,
      versao: {
        id: versao.id,
        versao: '1.1.0',
        arquivo: 'app.bin',
        notas: 'Novidades',
        tamanho: versao.tamanho,
        sha256: versao.sha256,
        assinatura: versao.assinatura,
        assinatura_kid: versao.assinatura_kid,
      },
      url: expect.stringContaining(`/api/v1/uploads/download/${versao.id}?`),
    });
    const byKey = await check(server, null, { chave: licenca.chave });
    expect(byKey.body.versao.id).toBe(versao.id);
    for (const { body } of [byToken, byKey]) expect(await (await fetch(body.url)).text()).toBe('um ponto um');
    expect((await check(server, token, { versao_atual: '1.1.0' })).body).toEqual({
      atualizacao: false,
      obrigatoria: false,
    });
    const { body: counted } = await server.call('GET', `/uploads/versao/${versao.id}`);
    expect(counted.downloads).toBe(2);
    expect(eventsOf(server, versao.id)).toEqual(['versao.publicada', 'versao.baixada', 'versao.baixada']);
    expect(eventsOf(server, maquinaId)).toContain('versao.baixada');
  });

  test('is nobody else’s: no credential 401, another product 403, a draft 404', async () => {
    const mine = await world();
    const other = await world();
    const versao = await admin.publish({ produto: mine.produto, versao: '1.1.0' });
    const draft = await admin.send({ produto: mine.produto, versao: '1.2.0' });
    const get = async (id: string, token: string | null): Promise<unknown[]> => {
      const { status, body } = await server.call('GET', `/uploads/download/${id}`, undefined, {
        authorization: token && `Bearer ${token}`,
      });
      return [status, body.codigo];
    };
    expect(await get(versao.id, null)).toEqual([401, 'NAO_AUTENTICADO']);
    expect(await get(versao.id, other.token)).toEqual([403, 'PRODUTO_DIFERENTE']);
    expect(await get(draft.body.id, mine.token)).toEqual([404, 'NAO_ENCONTRADO']);
    expect((await check(server, mine.token, { produto: other.produto })).body.codigo).toBe('PRODUTO_DIFERENTE');
    expect((await check(server, null, {})).status).toBe(401);
  });

  test('is refused to a blocked machine, licence or customer, at check, at download and by an address given before', async () => {
    const { produto, licenca, token, maquinaId } = await world();
    const versao = await admin.publish({ produto, versao: '1.1.0' });
    const { url } = (await check(server, token, {})).body;
    const answers = async (): Promise<unknown[]> => {
      const download = await server.call('GET', `/uploads/download/${versao.id}`, undefined, {
        authorization: `Bearer ${token}`,
      });
      const signed = await fetch(url);
      const codigo = ((await signed.json().catch(() => ({}))) as { codigo?: string }).codigo;
      const checked = await check(server, token, {});
      return [checked.status, checked.body.codigo, download.status, download.body.codigo, signed.status, codigo];
    };
    const refused = (codigo: string): unknown[] => [403, codigo, 403, codigo, 403, codigo];
    await server.call('POST', `/maquinas/${maquinaId}/bloquear`, { motivo: 'teste' });
    expect(await answers()).toEqual(refused('MAQUINA_BLOQUEADA'));
    await server.call('POST', `/licencas/${licenca.id}/bloquear`, { motivo: 'teste' });
    expect(await answers()).toEqual(refused('BLOQUEADA'));
    await server.call('POST', `/clientes/${licenca.cliente_id}/bloquear`, { motivo: 'teste' });
    expect(await answers()).toEqual(refused('CLIENTE_BLOQUEADO'));
    await server.call('POST', `/clientes/${licenca.cliente_id}/ativar`);
    await server.call('POST', `/licencas/${licenca.id}/desbloquear`);
    await server.call('POST', `/maquinas/${maquinaId}/desbloquear`);
    expect((await check(server, token, {})).status).toBe(200);
    expect((await fetch(url)).status).toBe(200);
  });

  test('that was withdrawn is offered and sent no more, not even by an address given before', async () => {
    const { produto, token } = await world();
    const versao = await admin.publish({ produto, versao: '1.1.0' });
    const { url } = (await check(server, token, {})).body;
    await server.call('POST', `/uploads/versao/${versao.id}/retirar`);
    expect((await check(server, token, {})).body.atualizacao).toBe(false);
    for (const response of [await fetch(url), await admin.raw(`/uploads/download/${versao.id}`)]) {
      expect(response.status).toBe(410);
      expect(((await response.json()) as Answer['body']).codigo).toBe('VERSAO_RETIRADA');
    }
  });

  test('address that was altered in any part is refused', async () => {
    const { produto, token } = await world();
    const versao = await admin.publish({ produto, versao: '1.1.0' });
    const other = await admin.publish({ produto, versao: '1.2.0' });
    const stranger = await world();
    const { url } = (await check(server, token, { versao_atual: '1.1.0' })).body;
    const altered = [
      url.replace(other.id, versao.id),
      url.replace(/para=[^&]+/, `para=m:${stranger.maquinaId}`),
      url.replace(/ate=(\d+)/, (_: string, ate: string) => `ate=${Number(ate) + 60}`),
      url.replace(/assinatura=(.)/, (_: string, first: string) => `assinatura=${first === 'A' ? 'B' : 'A'}`),
      url.replace(/assinatura=[^&]+/, 'assinatura='),
    ];
    for (const address of altered) {
      const response = await fetch(address);
      expect([response.status, ((await response.json()) as Answer['body']).codigo]).toEqual([403, 'URL_INVALIDA']);
    }
  });
});

describe('an answer asked for again', () => {
  test('follows every change of a version, a pin, the licence or the machine at once', async () => {
    const { produto, licenca, token, maquinaId } = await world();
    const offered = async (): Promise<string> => {
      const { body } = await check(server, token, {});
      return body.versao?.versao ?? body.codigo ?? 'nada';
    };
    expect([await offered(), await offered()]).toEqual(['nada', 'nada']);
    const first = await admin.publish({ produto, versao: '1.1.0' });
    expect([await offered(), await offered()]).toEqual(['1.1.0', '1.1.0']);
    const second = await admin.publish({ produto, versao: '1.2.0', requisitos: '{"recursos":["nfe"]}' });
    expect(await offered()).toBe('1.1.0');
    await server.call('PUT', `/licencas/${licenca.id}`, { recursos: ['nfe'] });
    expect(await offered()).toBe('1.2.0');
    const pin = { alvo: 'cliente', alvo_id: licenca.cliente_id, produto, versao: '1.1.0' };
    expect((await server.call('POST', '/uploads/fixacoes', pin)).status).toBe(201);
    expect(await offered()).toBe('1.1.0');
    await server.call('POST', '/uploads/fixacoes', { ...pin, versao: '1.2.0' });
    expect(await offered()).toBe('1.2.0');
    await server.call('POST', `/uploads/versao/${second.id}/retirar`);
    expect(await offered()).toBe('1.1.0');
    await server.call('PUT', `/uploads/versao/${first.id}`, { distribuicao_pct: 0 });
    expect(await offered()).toBe('nada');
    await server.call('POST', `/maquinas/${maquinaId}/bloquear`, { motivo: 'teste' });
    expect(await offered()).toBe('MAQUINA_BLOQUEADA');
    await server.call('POST', `/maquinas/${maquinaId}/token`);
    expect(await offered()).toBe('TOKEN_INVALIDO');
  });

  test('has an address that works each time', async () => {
    const { produto, token } = await world();
    await admin.publish({ produto, versao: '1.1.0' }, 'conteúdo');
    for (let n = 0; n < 3; n += 1) {
      const { body, headers } = await check(server, token, {});
      expect(headers.get('cache-control')).toBe('no-store');
      expect(await (await fetch(body.url)).text()).toBe('conteúdo');
    }
  });
});

describe('who runs what', () => {
  test('is known since when, from activation, heartbeats and edits', async () => {
    const produto = await createProduto(server, unique('produto'));
    const { licenca } = await createLicenca(server, { produto });
    const path = `/licencas/ativar/${licenca.chave}`;
    const machine = { impressao: unique('maquina'), versao: '1.0.0' };
    const { body } = await server.call('POST', path, machine, { authorization: null });
    const old = await admin.publish({ produto, versao: '1.0.0' });
    const versao = await admin.publish({ produto, versao: '1.1.0' });
    const running = async (id: string): Promise<string[]> =>
      (await server.call('GET', `/uploads/versao/${id}/maquinas`)).body.itens.map(
        (item: Answer['body']) => item.maquina_id,
      );
    expect([await running(old.id), await running(versao.id)]).toEqual([[body.maquina.id], []]);
    const heartbeat = { cpu: 1, memoria: 1, disco: 1, versao: '1.1.0' };
    await server.call('POST', '/maquinas/heartbeat', heartbeat, { authorization: `Bearer ${body.token}` });
    await eventually(
      () => running(versao.id),
      (ids) => ids.length === 1,
    );
    expect(await running(old.id)).toEqual([]);
    const { body: history } = await server.call('GET', `/uploads/adocao/${body.maquina.id}`);
    expect(history.itens.map((item: Answer['body']) => [item.versao, item.ate === null])).toEqual([
      ['1.1.0', true],
      ['1.0.0', false],
    ]);
    expect(history.itens[0].desde).toBe(history.itens[1].ate);
    const { body: adoption } = await server.call('GET', `/uploads/adocao?produto=${produto}`);
    expect(adoption.itens).toMatchObject([{ versao: '1.1.0', maquinas: 1, primeira_em: history.itens[0].desde }]);
  });
});
