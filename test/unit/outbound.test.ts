import { afterAll, describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { Problem } from '../../src/core/problem';
import { isPublicAddress } from '../../src/core/public-address';
import { type Address, createOutbound } from '../../src/relay/outbound';
import { selfSigned } from '../support/certificate';

const request = { method: 'POST', headers: {}, body: '{}', timeoutMs: 5_000 } as const;
const loopback: Address[] = [{ address: '127.0.0.1', family: 4 }];

/** `refused`, or what else came of it. */
async function outcome(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'accepted',
    (error: unknown) => (error instanceof Problem && error.codigo === 'DESTINO_RECUSADO' ? 'refused' : String(error)),
  );
}

describe('which addresses are public', () => {
  test.each([
    ['8.8.8.8', true],
    ['2606:4700:4700::1111', true],
    ['::ffff:8.8.8.8', true],
    ['0.0.0.0', false],
    ['10.1.2.3', false],
    ['100.64.0.1', false],
    ['100.100.100.200', false],
    ['127.0.0.1', false],
    ['168.63.129.16', false],
    ['169.254.169.254', false],
    ['172.31.255.255', false],
    ['192.0.0.192', false],
    ['192.168.0.1', false],
    ['198.18.0.1', false],
    ['224.0.0.1', false],
    ['255.255.255.255', false],
    ['::', false],
    ['::1', false],
    ['::127.0.0.1', false],
    ['::ffff:127.0.0.1', false],
    ['::ffff:a9fe:a9fe', false],
    ['64:ff9b::7f00:1', false],
    ['2002:7f00:1::', false],
    ['fc00::1', false],
    ['fd00:ec2::254', false],
    ['fe80::1', false],
    ['fec0::1', false],
    ['ff02::1', false],
    ['exemplo.com.br', false],
  ])('%s: %p', (address, expected) => {
    expect(isPublicAddress(address)).toBe(expected);
  });

  test('no address of 10/8, 127/8, 169.254/16 or 192.168/16 is, mapped into IPv6 or not', () => {
    const octet = fc.nat(255);
    const prefix = fc.constantFrom([10], [127], [169, 254], [192, 168]);
    fc.assert(
      fc.property(prefix, octet, octet, octet, (first, a, b, c) => {
        const address = [...first, a, b, c].slice(0, 4).join('.');
        return !isPublicAddress(address) && !isPublicAddress(`::ffff:${address}`);
      }),
    );
  });
});

describe('a target', () => {
  const outbound = createOutbound({ allowPrivate: false, resolve: async () => [{ address: '8.8.8.8', family: 4 }] });

  test.each([
    'http://127.0.0.1/',
    'http://169.254.169.254/latest/meta-data',
    'http://[::1]:8080/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0177.0.0.1/',
    'http://0x7f.1/',
    'http://127.1/',
    'http://0/',
    'http://①②⑦.0.0.1/',
    'http://%31%32%37.0.0.1/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://localhost/',
    'http://LOCALHOST./',
    'http://api.localhost/',
    'http://metadata.google.internal/',
    'http://usuario:senha@exemplo.com.br/',
    'ftp://exemplo.com.br/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'exemplo.com.br',
    '',
  ])('%s is refused, at the check and at sending', async (url) => {
    expect(await outcome(outbound.check(url))).toBe('refused');
    expect(await outcome(outbound.send({ ...request, url }))).toBe('refused');
  });

  test('a public one is accepted, and so is a name that does not resolve just now', async () => {
    expect(await outcome(outbound.check('https://exemplo.com.br/hook?x=1'))).toBe('accepted');
    const broken = createOutbound({ allowPrivate: false, resolve: () => Promise.reject(new Error('ENOTFOUND')) });
    expect(await outcome(broken.check('https://exemplo.com.br/'))).toBe('accepted');
    expect(await outcome(broken.send({ ...request, url: 'https://exemplo.com.br/' }))).toContain('ENOTFOUND');
  });

  test('a name with any private address is refused', async () => {
    const mixed = [{ address: '8.8.8.8', family: 4 }, ...loopback];
    const both = createOutbound({ allowPrivate: false, resolve: async () => mixed });
    expect(await outcome(both.check('http://exemplo.com.br/'))).toBe('refused');
    expect(await outcome(both.send({ ...request, url: 'http://exemplo.com.br/' }))).toBe('refused');
  });

  test('a name that turns private after the check (DNS rebinding) is refused at sending', async () => {
    const answers = [[{ address: '8.8.8.8', family: 4 }], loopback];
    const rebinding = createOutbound({ allowPrivate: false, resolve: async () => answers.shift() ?? loopback });
    expect(await outcome(rebinding.check('http://exemplo.com.br/'))).toBe('accepted');
    expect(await outcome(rebinding.send({ ...request, url: 'http://exemplo.com.br/' }))).toBe('refused');
  });
});

describe('sending', () => {
  const tls = selfSigned('hook.test');
  let asked = 0;
  const seen: { host: string | null; length: string | null; extra: string | null; body: string }[] = [];
  const answerTo = async (incoming: Request): Promise<Response> => {
    const { pathname } = new URL(incoming.url);
    if (pathname === '/redirect') return Response.redirect('http://127.0.0.1:1/', 302);
    if (pathname === '/large') return new Response('x'.repeat(1_000_000));
    if (pathname === '/silent') return new Promise<Response>(() => undefined);
    seen.push({
      host: incoming.headers.get('host'),
      length: incoming.headers.get('content-length'),
      extra: incoming.headers.get('x-extra'),
      body: await incoming.text(),
    });
    return new Response('ok', { status: 202 });
  };
  const plain = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: answerTo });
  const secure = Bun.serve({ hostname: '127.0.0.1', port: 0, tls, fetch: answerTo });
  afterAll(async () => {
    await plain.stop(true);
    await secure.stop(true);
  });

  const outbound = createOutbound({
    allowPrivate: true,
    ca: tls.cert,
    resolve: async () => {
      asked += 1;
      return loopback;
    },
  });

  test('goes to the address that was judged, asked for once, under the name of the URL', async () => {
    asked = 0;
    const headers = { 'x-extra': 'sim', host: 'outro.test', 'Content-Length': '999' };
    const answer = await outbound.send({ ...request, headers, body: 'olá', url: `http://hook.test:${plain.port}/a` });
    expect([answer.status, answer.body, asked]).toEqual([202, 'ok', 1]);
    expect(seen.at(-1)).toEqual({ host: `hook.test:${plain.port}`, length: '4', extra: 'sim', body: 'olá' });
  });

  test('asks for a certificate of the name, not of the address', async () => {
    expect((await outbound.send({ ...request, url: `https://hook.test:${secure.port}/` })).status).toBe(202);
    expect(await outcome(outbound.send({ ...request, url: `https://other.test:${secure.port}/` }))).toContain(
      'ALTNAME_INVALID',
    );
    const distrustful = createOutbound({ allowPrivate: true, resolve: async () => loopback });
    expect(await outcome(distrustful.send({ ...request, url: `https://hook.test:${secure.port}/` }))).toMatch(
      /certificate/,
    );
  });

  test('follows no redirect, reads no endless answer, waits no longer than told', async () => {
    const base = `http://hook.test:${plain.port}`;
    expect((await outbound.send({ ...request, url: `${base}/redirect` })).status).toBe(302);
    expect((await outbound.send({ ...request, url: `${base}/large` })).body.length).toBe(16 * 1024);
    expect(await outcome(outbound.send({ ...request, url: `${base}/silent`, timeoutMs: 200 }))).toMatch(/abort|time/i);
  });
});
