import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { grant, senhaForte, session, userWith } from '../support/access';
import { logIn, startServer, type TestServer, unique } from '../support/app';
import { startSmtp, type TestSmtp } from '../support/smtp';

let smtp: TestSmtp;
let server: TestServer;
beforeAll(async () => {
  smtp = await startSmtp();
  server = await startServer({
    NARCIDI_SMTP_URL: `smtp://127.0.0.1:${smtp.port}`,
    NARCIDI_MAIL_FROM: 'narcidi@exemplo.com.br',
    NARCIDI_PUBLIC_URL: 'https://licencas.exemplo.com.br/',
  });
});
afterAll(async () => {
  await server.stop();
  await smtp.stop();
});

const nova = 'um-trem-vermelho-na-ponte';
const forgot = (email: string) => server.call('POST', '/auth/senha/esqueci', { email }, { authorization: null });

/** The code in the mail to an address. */
async function codeFor(email: string): Promise<string> {
  for (let count = smtp.mails.length; ; count += 1) {
    const mail = smtp.mails.find(({ to }) => to.includes(email));
    const source = mail?.source.replace(/=\r?\n/g, '').replace(/=3D/g, '=');
    const code = /https:\/\/licencas\.exemplo\.com\.br\/redefinir\?codigo=([\w-]+)/.exec(source ?? '')?.[1];
    if (code) return code;
    await smtp.received(count + 1);
  }
}

describe('a forgotten password', () => {
  test('is set anew by the code in the mail, once, and every session ends', async () => {
    const user = await userWith(server, 'leitura');
    expect((await forgot(user.email.toUpperCase())).status).toBe(202);
    const codigo = await codeFor(user.email);
    const set = (senha: string) =>
      server.call('POST', '/auth/senha/redefinir', { codigo, senha }, { authorization: null });
    expect((await set('12345678')).status).toBe(422);
    expect((await set(nova)).status).toBe(204);
    expect((await user.call('GET', '/auth/me')).status).toBe(401);
    expect((await logIn(server.url, user.email, senhaForte)).status).toBe(400);
    expect((await logIn(server.url, user.email, nova)).status).toBe(200);
    const again = await set('outra-frase-bem-comprida');
    expect([again.status, again.body.codigo]).toEqual([403, 'CODIGO_INVALIDO']);
  });

  test('the page behind the address does the same without script', async () => {
    const user = await userWith(server, 'leitura');
    await forgot(user.email);
    const codigo = await codeFor(user.email);
    const page = await (await fetch(`${server.url}/redefinir?codigo=${codigo}`)).text();
    expect(page).toContain(`value="${codigo}"`);
    const post = (senha: string) =>
      fetch(`${server.url}/redefinir`, { method: 'POST', body: new URLSearchParams({ codigo, senha }) });
    expect((await post('12345678')).status).toBe(422);
    expect((await post(nova)).status).toBe(200);
    expect((await logIn(server.url, user.email, nova)).status).toBe(200);
    const evil = await (await fetch(`${server.url}/redefinir?codigo=${encodeURIComponent('"><script>')}`)).text();
    expect(evil).not.toContain('<script>');
  });

  test('the answer does not tell whether there is an account, and mails are few', async () => {
    const user = await userWith(server, 'leitura');
    const unknown = await forgot(`${unique('ninguem')}@exemplo.com.br`);
    const before = smtp.mails.length;
    const known = [];
    for (let n = 0; n < 5; n += 1) known.push(await forgot(user.email));
    expect(new Set([unknown, ...known].map(({ status, body }) => `${status} ${JSON.stringify(body)}`)).size).toBe(1);
    await smtp.received(before + 3);
    const { body } = await server.call('GET', `/auditoria?entidade_id=${user.id}&acao=pedir_nova_senha`);
    const sent = body.itens.filter(({ depois }: { depois: { enviado: boolean } }) => depois.enviado);
    expect([body.itens.length, sent.length]).toEqual([5, 3]);
  });

  test('a code that is none is refused', async () => {
    const body = { codigo: 'x'.repeat(43), senha: nova };
    const answer = await server.call('POST', '/auth/senha/redefinir', body, { authorization: null });
    expect([answer.status, answer.body.codigo]).toEqual([403, 'CODIGO_INVALIDO']);
  });
});

describe('one’s own password', () => {
  test('is changed by who knows the present one; other sessions end, this one goes on', async () => {
    const user = await userWith(server, 'leitura');
    const other = await session(server.url, user.email);
    const change = (senha_atual: string, senha_nova: string) =>
      user.call('PUT', '/auth/senha', { senha_atual, senha_nova });
    expect((await change('errada-errada', nova)).body.erros[0].campo).toBe('senha_atual');
    expect((await change(senhaForte, 'fraca123')).body.erros[0].campo).toBe('senha_nova');
    expect((await change(senhaForte, nova)).status).toBe(204);
    expect((await other.call('GET', '/auth/me')).status).toBe(401);
    expect((await user.call('GET', '/auth/me')).status).toBe(200);
    expect((await logIn(server.url, user.email, nova)).status).toBe(200);
  });
});

describe('a browser session', () => {
  const path = '/api/v1/auth/navegador';
  const own = (headers: Record<string, string> = {}) => ({ 'sec-fetch-site': 'same-origin', ...headers });
  const json = { 'content-type': 'application/json' };

  async function enter(email: string, headers = own()): Promise<Response> {
    const body = JSON.stringify({ email, senha: senhaForte });
    return fetch(`${server.url}${path}`, { method: 'POST', body, headers: { ...json, ...headers } });
  }
  const renew = (cookie: string, headers = own()) =>
    fetch(`${server.url}${path}/renovar`, { method: 'POST', headers: { ...headers, cookie } });

  test('is a cookie that scripts cannot read, buys access tokens and opens nothing else', async () => {
    const user = await userWith(server, 'leitura');
    const response = await enter(user.email);
    expect(response.status).toBe(200);
    const set = response.headers.get('set-cookie') ?? '';
    expect(set).toMatch(/HttpOnly/i);
    expect(set).toMatch(/SameSite=Strict/i);
    expect(set).toContain(`Path=${path}`);
    expect(set).not.toMatch(/Secure/i);
    const first = (await response.json()) as Record<string, unknown>;
    expect(first).not.toHaveProperty('refresh_token');
    const cookie = set.split(';')[0] ?? '';
    // Two tabs at once are no theft.
    const answers = await Promise.all([renew(cookie), renew(cookie), renew(cookie)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const [{ access_token }] = (await Promise.all(answers.map((answer) => answer.json()))) as [
      { access_token: string },
    ];
    const asToken = await fetch(`${server.url}/api/v1/auth/me`, {
      headers: { authorization: `Bearer ${access_token}` },
    });
    expect(asToken.status).toBe(200);
    expect((await fetch(`${server.url}/api/v1/auth/me`, { headers: { cookie } })).status).toBe(401);
    expect((await user.call('GET', '/auth/sessoes')).body.itens[0].navegador).toBe(true);
    const left = await fetch(`${server.url}${path}`, { method: 'DELETE', headers: { ...own(), cookie } });
    expect([left.status, left.headers.get('set-cookie')]).toEqual([204, expect.stringMatching(/Max-Age=0/)]);
    expect((await renew(cookie)).status).toBe(401);
  });

  test('is refused to pages of other sites', async () => {
    const user = await userWith(server, 'leitura');
    const cookie = ((await enter(user.email)).headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    const { host } = new URL(server.url);
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none' },
      { 'sec-fetch-site': 'cross-site', origin: server.url },
      { origin: 'https://outro.exemplo.com.br' },
      { origin: `http://${host}.outro.exemplo.com.br` },
      { origin: 'null' },
      {},
    ]) {
      expect([headers, (await renew(cookie, headers as never)).status]).toEqual([headers, 403]);
      expect([headers, (await enter(user.email, headers as never)).status]).toEqual([headers, 403]);
    }
    expect((await renew(cookie, { origin: server.url } as never)).status).toBe(200);
  });

  test('is not handed to the next caller with the same Idempotency-Key', async () => {
    const user = await userWith(server, 'leitura');
    const cookie = ((await enter(user.email)).headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    const headers = own({ 'idempotency-key': unique('chave') });
    expect((await renew(cookie, headers)).status).toBe(200);
    expect((await renew('narcidi_sessao=ns_nada', headers)).status).toBe(401);
  });

  test('ends with its account', async () => {
    const user = await userWith(server, 'leitura');
    const cookie = ((await enter(user.email)).headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    await server.call('PUT', `/usuarios/${user.id}`, { ativo: false });
    expect((await renew(cookie)).status).toBe(401);
  });
});

describe('discovery', () => {
  test('tells clients where to ask and how', async () => {
    const { body } = await grant(server.url, { grant_type: 'nenhum' });
    const document = await (await fetch(`${server.url}/.well-known/oauth-authorization-server`)).json();
    expect(document).toMatchObject({
      issuer: 'https://licencas.exemplo.com.br',
      token_endpoint: 'https://licencas.exemplo.com.br/api/v1/auth/token',
      grant_types_supported: ['password', 'refresh_token', 'client_credentials'],
      response_types_supported: [],
    });
    // RFC 6749, 5.2: printable ASCII without quotes and backslashes.
    expect(body.error_description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
  });
});
