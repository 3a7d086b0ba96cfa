/** What browsers are told, and whom the server believes about its callers. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLicenca, eventsOf, eventually, logIn, startServer, type TestServer } from '../support/app';
import { selfSigned } from '../support/certificate';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

describe('browser safety', () => {
  test.each(['/', '/swagger', '/setup'])('the page %s runs no inline script and cannot be framed', async (path) => {
    const response = await fetch(server.url + path, { headers: { accept: 'text/html' } });
    const html = await response.text();
    expect(response.headers.get('content-type')).toStartWith('text/html');
    const policy = new Map(
      (response.headers.get('content-security-policy') ?? '').split('; ').map((part): [string, string] => {
        const [name = '', ...values] = part.split(' ');
        return [name, values.join(' ')];
      }),
    );
    expect(policy.get('default-src')).toBe("'none'");
    expect(policy.get('frame-ancestors')).toBe("'none'");
    expect(policy.get('script-src') ?? "'none'").not.toMatch(/unsafe|https?:|\*/);
    expect(response.headers.get('x-frame-options')).toBe('DENY');
    // Every script is a file of this server or plain data; no handler stands in an attribute.
    for (const [tag] of html.matchAll(/<script\b[^>]*>/g)) expect(tag).toMatch(/src="\/|type="application\/json"/);
    expect(html).not.toMatch(/\son[a-z]+\s*=\s*["']|javascript:/i);
  });

  test.each(['/api/v1/clientes', '/livez', '/api/v1/nada', '/nada'])(
    '%s is data, whatever a browser thinks',
    async (path) => {
      const { headers } = await fetch(server.url + path);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
      if (path.startsWith('/api/')) expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('strict-transport-security')).toBeNull();
    },
  );

  test('under TLS a browser is told to insist on it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'narcidi-tls-'));
    const { cert, key } = selfSigned('localhost');
    const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    writeFileSync(certFile, cert);
    writeFileSync(keyFile, key);
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    try {
      const own = await startServer({ NARCIDI_TLS_CERT: certFile, NARCIDI_TLS_KEY: keyFile });
      const { headers } = await fetch(`${own.url}/livez`);
      expect(headers.get('strict-transport-security')).toBe('max-age=31536000');
      await own.stop();
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
      rmSync(folder, { recursive: true });
    }
  });
});

describe('who a caller is', () => {
  const forwarded = (address: string) => ({ 'x-forwarded-for': address, 'x-forwarded-proto': 'https' });

  async function failFrom(own: TestServer, address: string, email: string): Promise<number> {
    const form = new URLSearchParams({ grant_type: 'password', username: email, password: 'errada' });
    const headers = forwarded(address);
    return (await fetch(`${own.url}/api/v1/auth/token`, { method: 'POST', body: form, headers })).status;
  }

  test('a forwarded address is ignored unless the proxy is trusted', async () => {
    const { body } = await server.call('POST', '/produtos', { nome: 'P', slug: 'fwd' }, forwarded('203.0.113.7'));
    const { body: audit } = await server.call('GET', `/auditoria?entidade_id=${body.id}`);
    expect(audit.itens[0].ip).toBe('127.0.0.1');
  });

  test('behind a trusted proxy, nobody can lock somebody else out from another address', async () => {
    const own = await startServer({ NARCIDI_TRUSTED_PROXIES: '127.0.0.1' });
    const { body } = await own.call('POST', '/produtos', { nome: 'P', slug: 'fwd' }, forwarded('203.0.113.7'));
    const { body: audit } = await own.call('GET', `/auditoria?entidade_id=${body.id}`);
    expect(audit.itens[0].ip).toBe('203.0.113.7');
    expect(
      (await fetch(`${own.url}/livez`, { headers: forwarded('203.0.113.7') })).headers.has('strict-transport-security'),
    ).toBe(true);
    const { email } = (await own.call('GET', '/auth/me')).body;
    const statuses: number[] = [];
    for (let n = 0; n < 11; n += 1) statuses.push(await failFrom(own, '198.51.100.1', email));
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 400), 429]);
    expect(await failFrom(own, '198.51.100.1', 'outra@exemplo.com.br')).toBe(429);
    expect(await failFrom(own, '198.51.100.2', email)).toBe(400);
    expect((await logIn(own.url, email, 'senha-de-teste')).status).toBe(200);
    await own.stop();
  });
});

describe('limits', () => {
  test('every answer of the API tells how many calls are left, by account and by address', async () => {
    const own = await startServer({ NARCIDI_RATE_LIMIT: 'on' });
    const mine = await own.call('GET', '/clientes');
    expect(mine.headers.get('ratelimit-policy')).toBe('"conta";q=6000;w=30');
    expect(mine.headers.get('ratelimit')).toMatch(/^"conta";r=\d+;t=\d+$/);
    const stranger = await own.call('GET', '/clientes', undefined, { authorization: null });
    expect([stranger.status, stranger.headers.get('ratelimit-policy')]).toEqual([401, '"endereco";q=6000;w=30']);
    await own.stop();
  });

  test('guessing keys is slowed long before the limit of right keys, and reported', async () => {
    const own = await startServer({ NARCIDI_RATE_LIMIT: 'on' });
    const { licenca } = await createLicenca(own);
    const atOnce = (ask: (n: number) => Promise<{ status: number }>) =>
      Promise.all(Array.from({ length: 80 }, async (_, n) => (await ask(n)).status));
    const nobody = { authorization: null };
    const right = await atOnce(() => own.call('GET', `/licencas/verificar/${licenca.chave}`, undefined, nobody));
    expect(new Set(right)).toEqual(new Set([200]));
    const wrong = await atOnce((n) =>
      n % 2 === 0
        ? own.call('GET', `/licencas/verificar/AAAAA-${n}`, undefined, nobody)
        : own.call('POST', `/licencas/ativar/AAAAA-${n}`, { impressao: 'x-1' }, nobody),
    );
    expect(new Set(wrong)).toEqual(new Set([200, 404, 429]));
    await eventually(
      async () => eventsOf(own, '127.0.0.1'),
      (tipos) => tipos.includes('seguranca.suspeita'),
    );
    await own.stop();
  });
});
