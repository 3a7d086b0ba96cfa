import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { clientCredentials, grant, perfilId, session, userWith } from '../support/access';
import { type Answer, httpClient, startServer, type TestServer } from '../support/app';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

async function newKey(fields: object = {}, call = server.call): Promise<Answer['body']> {
  const { status, body } = await call('POST', '/chaves-api', { nome: 'ERP', permissoes: ['clientes:*'], ...fields });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body;
}

describe('API keys', () => {
  test('show their secret once, and get tokens by HTTP Basic or in the body', async () => {
    const key = await newKey();
    expect(key.client_secret).toMatch(/^nk_[\w-]{43}$/);
    const shown = await server.call('GET', `/chaves-api/${key.id}`);
    const { client_secret: _, ...rest } = key;
    expect(shown.body).toEqual(rest);
    const basic = await clientCredentials(server.url, key.client_id, key.client_secret);
    expect(basic.status).toBe(200);
    expect(basic.body).toMatchObject({ token_type: 'bearer', expires_in: 900, scope: 'clientes:*' });
    expect(basic.body).not.toHaveProperty('refresh_token');
    expect(basic.headers.get('cache-control')).toBe('no-store');
    const { client_id, client_secret } = key;
    const body = await grant(server.url, { grant_type: 'client_credentials', client_id, client_secret });
    const call = httpClient(server.url, body.body.access_token);
    expect((await call('GET', '/clientes')).status).toBe(200);
    expect((await call('GET', '/licencas')).status).toBe(403);
    expect((await call('GET', '/auth/me')).status).toBe(403);
  });

  test.each([
    ['a wrong secret', (key: Answer['body']) => clientCredentials(server.url, key.client_id, 'nk_errado')],
    ['an unknown client', () => clientCredentials(server.url, Bun.randomUUIDv7(), 'nk_errado')],
    ['no credential', () => grant(server.url, { grant_type: 'client_credentials' })],
    ['another scheme', () => grant(server.url, { grant_type: 'client_credentials' }, { authorization: 'Bearer abc' })],
  ])('%s is invalid_client with a challenge', async (_, ask) => {
    const answer = await ask(await newKey());
    expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
    expect(answer.headers.get('www-authenticate')).toStartWith('Basic');
  });

  test('two clients that use the same Idempotency-Key get a token each', async () => {
    const form = { grant_type: 'client_credentials' };
    const scopes: string[] = [];
    for (const permissao of ['planos:ler', 'produtos:ler']) {
      const { client_id, client_secret } = await newKey({ permissoes: [permissao] });
      const authorization = `Basic ${btoa(`${client_id}:${client_secret}`)}`;
      scopes.push((await grant(server.url, form, { authorization, 'idempotency-key': 'a-mesma' })).body.scope);
    }
    expect(scopes).toEqual(['planos:ler', 'produtos:ler']);
  });

  test('a credential given twice is invalid_request', async () => {
    const { client_id, client_secret } = await newKey();
    const authorization = `Basic ${btoa(`${client_id}:${client_secret}`)}`;
    const answer = await grant(
      server.url,
      { grant_type: 'client_credentials', client_id, client_secret },
      { authorization },
    );
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request']);
  });

  test('a scope narrows the token, and cannot widen it', async () => {
    const { client_id, client_secret } = await newKey();
    const form = { grant_type: 'client_credentials', client_id, client_secret };
    const narrow = await grant(server.url, { ...form, scope: 'clientes:ler' });
    expect(narrow.body.scope).toBe('clientes:ler');
    const call = httpClient(server.url, narrow.body.access_token);
    expect((await call('GET', '/clientes')).status).toBe(200);
    expect((await call('POST', '/clientes', { nome: 'A', email: 'a@b.com.br' })).status).toBe(403);
    for (const scope of ['licencas:ler', '*:ler', 'clientes:ler licencas:ler']) {
      expect((await grant(server.url, { ...form, scope })).body.error).toBe('invalid_scope');
    }
  });

  test('an expired, inactive, removed or rotated key opens nothing, nor do its tokens', async () => {
    const past = await server.call('POST', '/chaves-api', {
      nome: 'x',
      permissoes: [],
      expira_em: '2020-01-01T00:00:00Z',
    });
    expect(past.status).toBe(422);
    const soon = await newKey({ expira_em: new Date(Date.now() + 30_000).toISOString() });
    const { body } = await clientCredentials(server.url, soon.client_id, soon.client_secret);
    expect(body.expires_in).toBeWithin(1, 31);
    for (const end of [
      (id: string) => server.call('PUT', `/chaves-api/${id}`, { ativa: false }),
      (id: string) => server.call('DELETE', `/chaves-api/${id}`),
    ]) {
      const key = await newKey();
      const token = await clientCredentials(server.url, key.client_id, key.client_secret);
      const call = httpClient(server.url, token.body.access_token);
      expect((await call('GET', '/clientes')).status).toBe(200);
      await end(key.id);
      expect((await call('GET', '/clientes')).status).toBe(401);
      expect((await clientCredentials(server.url, key.client_id, key.client_secret)).status).toBe(401);
    }
    const key = await newKey();
    const rotated = await server.call('POST', `/chaves-api/${key.id}/rotacionar`);
    expect((await clientCredentials(server.url, key.client_id, key.client_secret)).status).toBe(401);
    expect((await clientCredentials(server.url, key.client_id, rotated.body.client_secret)).status).toBe(200);
  });

  test('allowed addresses hold for the key and for its tokens', async () => {
    const here = await newKey({ enderecos: ['127.0.0.0/8', '::1'] });
    expect(here.enderecos).toEqual(['127.0.0.0/8', '::1/128']);
    const { body } = await clientCredentials(server.url, here.client_id, here.client_secret);
    const call = httpClient(server.url, body.access_token);
    expect((await call('GET', '/clientes')).status).toBe(200);
    await server.call('PUT', `/chaves-api/${here.id}`, { enderecos: ['203.0.113.0/24'] });
    expect((await call('GET', '/clientes')).status).toBe(401);
    expect((await clientCredentials(server.url, here.client_id, here.client_secret)).status).toBe(401);
    const wrong = await server.call('POST', '/chaves-api', { nome: 'x', permissoes: [], enderecos: ['casa'] });
    expect([wrong.status, wrong.body.erros[0].campo]).toEqual([422, 'enderecos.0']);
  });

  test('tokens of a key are not revoked one by one (RFC 7009), and say so', async () => {
    const { client_id, client_secret } = await newKey();
    const { body } = await clientCredentials(server.url, client_id, client_secret);
    const form = new URLSearchParams({ token: body.access_token });
    const response = await fetch(`${server.url}/api/v1/auth/revoke`, { method: 'POST', body: form });
    expect([response.status, ((await response.json()) as { error: string }).error]).toEqual([
      400,
      'unsupported_token_type',
    ]);
  });

  test('tell when and from where they were last used', async () => {
    const key = await newKey();
    expect(key.usada_em).toBeNull();
    await clientCredentials(server.url, key.client_id, key.client_secret);
    const { body } = await server.call('GET', `/chaves-api/${key.id}`);
    expect(body.usada_em).toMatch(/Z$/);
    expect(body.usada_de).toBe('127.0.0.1');
  });
});

describe('an API key and whoever answers for it', () => {
  const manager = ['chaves-api:*', 'clientes:*'];

  test('loses what its person loses, and ends with them', async () => {
    const { body: perfil } = await server.call('POST', '/perfis', { nome: 'gerente de chaves', permissoes: manager });
    const user = await userWith(server, manager);
    await server.call('PUT', `/usuarios/${user.id}`, { perfil_id: perfil.id });
    const { call } = await session(server.url, user.email);
    const key = await newKey({}, call);
    const token = async () => clientCredentials(server.url, key.client_id, key.client_secret);
    const asKey = httpClient(server.url, (await token()).body.access_token);
    expect((await asKey('GET', '/clientes')).status).toBe(200);
    await server.call('PUT', `/perfis/${perfil.id}`, { permissoes: ['chaves-api:ler'] });
    expect((await asKey('GET', '/clientes')).status).toBe(403);
    expect((await token()).body.scope).toBe('');
    await server.call('PUT', `/perfis/${perfil.id}`, { permissoes: manager });
    expect((await asKey('GET', '/clientes')).status).toBe(200);
    await server.call('PUT', `/usuarios/${user.id}`, { ativo: false });
    expect((await asKey('GET', '/clientes')).status).toBe(401);
    expect((await token()).status).toBe(401);
    // Somebody else grants its permissions and answers for it from now on.
    const taken = await server.call('PUT', `/chaves-api/${key.id}`, { permissoes: ['clientes:ler'] });
    expect(taken.body.responsavel_id).not.toBe(user.id);
    expect((await token()).status).toBe(200);
  });

  test('a key that makes keys hands on no more than it has', async () => {
    const key = await newKey({ permissoes: ['chaves-api:*', 'perfis:ler', 'planos:ler'] });
    const { body } = await clientCredentials(server.url, key.client_id, key.client_secret);
    const call = httpClient(server.url, body.access_token);
    expect((await call('POST', '/chaves-api', { nome: 'n', permissoes: ['clientes:ler'] })).status).toBe(403);
    const child = await call('POST', '/chaves-api', { nome: 'n', permissoes: ['planos:ler'] });
    expect([child.status, child.body.responsavel_id]).toEqual([201, key.responsavel_id]);
    expect(await perfilId({ call }, 'leitura')).toBeString();
  });
});
