import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';
import { userWith } from '../support/access';
import { admin, httpClient, logIn, startServer, type TestServer } from '../support/app';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

async function grant(form: Record<string, string>): Promise<{ status: number; body: Record<string, string> }> {
  const response = await fetch(`${server.url}/api/v1/auth/token`, { method: 'POST', body: new URLSearchParams(form) });
  return { status: response.status, body: (await response.json()) as Record<string, string> };
}

describe('tokens', () => {
  test('the password grant answers as RFC 6749 says, and the token tells who one is', async () => {
    const { status, body } = await logIn(server.url, admin.email.toUpperCase(), admin.senha);
    expect(status).toBe(200);
    expect(body).toMatchObject({ token_type: 'bearer', expires_in: 900, scope: '*:*' });
    const me = await httpClient(server.url, body.access_token)('GET', '/auth/me');
    expect(me.body).toMatchObject({ email: admin.email, perfil: { nome: 'administrador' }, permissoes: ['*:*'] });
  });

  test.each([
    [{ grant_type: 'password', username: admin.email, password: 'errada' }, 'invalid_grant'],
    [{ grant_type: 'password', username: 'ninguem@exemplo.com.br', password: 'errada' }, 'invalid_grant'],
    [{ grant_type: 'password', username: admin.email }, 'invalid_request'],
    [{ grant_type: 'implicit' }, 'unsupported_grant_type'],
    [{}, 'invalid_request'],
    [{ grant_type: 'refresh_token', refresh_token: 'nr_nada' }, 'invalid_grant'],
    [{ grant_type: 'password', username: admin.email, password: admin.senha, scope: 'nada:ler' }, 'invalid_scope'],
  ])('%j is %s', async (form, error) => {
    const { status, body } = await grant(form as unknown as Record<string, string>);
    expect([status, body.error]).toEqual([400, error]);
  });

  test('a refresh token is rotated; an old one that comes back ends the session', async () => {
    const first = (await logIn(server.url, admin.email, admin.senha)).body;
    const second = (await grant({ grant_type: 'refresh_token', refresh_token: first.refresh_token })).body;
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect((await httpClient(server.url, second.access_token ?? '')('GET', '/auth/me')).status).toBe(200);
    expect((await grant({ grant_type: 'refresh_token', refresh_token: first.refresh_token })).status).toBe(400);
    expect((await grant({ grant_type: 'refresh_token', refresh_token: second.refresh_token ?? '' })).status).toBe(400);
    expect((await httpClient(server.url, second.access_token ?? '')('GET', '/auth/me')).status).toBe(401);
  });

  test('revoking ends the session of either token, and unknown tokens are no error', async () => {
    for (const which of ['access_token', 'refresh_token'] as const) {
      const { body } = await logIn(server.url, admin.email, admin.senha);
      const response = await fetch(`${server.url}/api/v1/auth/revoke`, {
        method: 'POST',
        body: new URLSearchParams({ token: body[which] }),
      });
      expect(response.status).toBe(200);
      expect((await httpClient(server.url, body.access_token)('GET', '/auth/me')).status).toBe(401);
    }
    const response = await fetch(`${server.url}/api/v1/auth/revoke`, {
      method: 'POST',
      body: new URLSearchParams({ token: 'x' }),
    });
    expect(response.status).toBe(200);
  });

  test('a token that is altered, of no algorithm, another key, another audience, or over is refused', async () => {
    const { body } = await logIn(server.url, admin.email, admin.senha);
    const [header = '', payload = '', signature = ''] = body.access_token.split('.');
    const claims = decodeJwt(body.access_token);
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const none = encode({ ...decodeProtectedHeader(body.access_token), alg: 'none' });
    // The real secret, as a thief of the keys folder has it: what it signs must still be meant for this API, and live.
    const secret = new TextEncoder().encode(readFileSync(join(server.data, 'keys/jwt.key')).toString('base64url'));
    const { kid = '' } = decodeProtectedHeader(body.access_token);
    const sign = (changes: object, key = secret, head: object = {}): Promise<string> =>
      new SignJWT({ ...claims, ...changes }).setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid, ...head }).sign(key);
    expect((await httpClient(server.url, await sign({}))('GET', '/auth/me')).status).toBe(200);
    const refused = {
      altered: `${header}.${encode({ ...claims, exp: (claims.exp ?? 0) + 999_999 })}.${signature}`,
      unsigned: `${none}.${payload}.`,
      'unsigned with a signature': `${none}.${payload}.${signature}`,
      'another key': await sign({}, new TextEncoder().encode('x'.repeat(43))),
      'another algorithm': await sign({}, secret, { alg: 'HS512' }),
      'an unknown kid': await sign({}, secret, { kid: 'outra' }),
      'no kid': await sign({}, secret, { kid: undefined }),
      over: await sign({ exp: Math.floor(Date.now() / 1_000) - 1 }),
      endless: await sign({ exp: undefined }),
      'another audience': await sign({ aud: 'outra/api' }),
      'another issuer': await sign({ iss: 'outro' }),
      'another session': await sign({ sid: Bun.randomUUIDv7() }),
      'somebody else’s session': await sign({ sub: Bun.randomUUIDv7() }),
      'no subject': await sign({ sub: undefined }),
    };
    for (const [what, token] of Object.entries(refused)) {
      const { status, body: problem } = await httpClient(server.url, token)('GET', '/auth/me');
      expect([what, status, problem.codigo]).toEqual([what, 401, 'TOKEN_INVALIDO']);
    }
  });

  test('a scope narrows the whole session; it can be narrowed further, not widened', async () => {
    const form = {
      grant_type: 'password',
      username: admin.email,
      password: admin.senha,
      scope: 'clientes:* planos:ler',
    };
    const first = await grant(form);
    expect(first.body.scope).toBe('clientes:* planos:ler');
    const call = httpClient(server.url, first.body.access_token ?? '');
    expect([(await call('GET', '/clientes')).status, (await call('GET', '/licencas')).status]).toEqual([200, 403]);
    const refresh = { grant_type: 'refresh_token', refresh_token: first.body.refresh_token ?? '' };
    expect((await grant({ ...refresh, scope: 'licencas:ler' })).body.error).toBe('invalid_scope');
    const second = await grant({ ...refresh, scope: 'clientes:ler' });
    expect(second.body.scope).toBe('clientes:ler');
    const third = await grant({ grant_type: 'refresh_token', refresh_token: second.body.refresh_token ?? '' });
    expect(third.body.scope).toBe('clientes:* planos:ler');
  });

  test('refresh tokens are kept as hashes only', async () => {
    const { body } = await logIn(server.url, admin.email, admin.senha);
    const db = new Database(join(server.data, 'narcidi.db'), { readonly: true });
    const rows = db.query<{ hmac: string }, []>('SELECT hmac FROM tokens_renovacao').all();
    db.close();
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toContain(body.refresh_token.slice(3));
  });
});

describe('the built-in profiles', () => {
  test.each([
    ['operador', 201, 200, 200],
    ['suporte', 403, 200, 200],
    ['leitura', 403, 200, 403],
  ])('%s: create %d, read %d, block %d', async (perfil, create, list, block) => {
    const { call } = await userWith(server, perfil);
    const { body: cliente } = await server.call('POST', '/clientes', {
      nome: 'X',
      email: `${perfil}-alvo@exemplo.com.br`,
    });
    const { body: licenca } = await server.call('POST', '/licencas', { cliente_id: cliente.id, tipo: 'perpetua' });
    expect((await call('POST', '/clientes', { nome: 'Y', email: `${perfil}-novo@exemplo.com.br` })).status).toBe(
      create,
    );
    expect((await call('GET', '/clientes')).status).toBe(list);
    expect((await call('POST', `/licencas/${licenca.id}/bloquear`, { motivo: 'x' })).status).toBe(block);
    const shown = (await call('GET', `/licencas/${licenca.id}`)).body;
    expect('chave' in shown).toBe(perfil === 'operador');
  });
});

describe('guessing passwords', () => {
  test('ten failures close the account for a while, whatever comes then', async () => {
    const own = await startServer();
    const statuses: number[] = [];
    for (let n = 0; n < 10; n += 1) statuses.push((await logIn(own.url, admin.email, 'errada')).status);
    expect(new Set(statuses)).toEqual(new Set([400]));
    const answer = await logIn(own.url, admin.email, admin.senha);
    expect([answer.status, answer.body.codigo, answer.body.definitivo]).toEqual([429, 'MUITAS_TENTATIVAS', false]);
    expect(Number(answer.headers.get('retry-after'))).toBeWithin(1, 901);
    await own.stop();
  });
});

describe('a machine token', () => {
  test('opens the heartbeat and nothing else', async () => {
    const { body: cliente } = await server.call('POST', '/clientes', { nome: 'M', email: 'm@exemplo.com.br' });
    const { body: licenca } = await server.call('POST', '/licencas', { cliente_id: cliente.id, tipo: 'perpetua' });
    const { body } = await server.call(
      'POST',
      `/licencas/ativar/${licenca.chave}`,
      { impressao: 'abc' },
      { authorization: null },
    );
    const call = httpClient(server.url, body.token);
    const answer = await call('POST', '/maquinas/heartbeat', { cpu: 1, memoria: 2, disco: 3 });
    expect(answer.body).toMatchObject({
      recebidos: 1,
      intervalo_s: 60,
      maquina: { bloqueada: false, motivo_bloqueio: null, revisao: 1 },
    });
    expect((await call('GET', '/maquinas')).status).toBe(403);
    expect((await call('GET', '/clientes')).status).toBe(403);
    expect((await server.call('POST', '/maquinas/heartbeat', { cpu: 1, memoria: 2, disco: 3 })).status).toBe(403);
    expect((await call('POST', '/maquinas/heartbeat', { cpu: 101, memoria: 2, disco: 3 })).body.codigo).toBe(
      'VALIDACAO',
    );
  });
});
