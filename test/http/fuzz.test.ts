/**
 * Hostile requests against every endpoint of the OpenAPI document: none may end in a 5xx, and no answer may hold a stack,
 * a path of this machine or a header of the attacker's. `NARCIDI_FUZZ_REQUESTS=10000` sends as many as the product is
 * released with, `NARCIDI_FUZZ_SEED` others.
 */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import {
  activate,
  admin,
  createLicenca,
  httpClient,
  logIn,
  startServer,
  type TestServer,
  unique,
} from '../support/app';
import { type FuzzRequest, type Operation, operationsOf, requestOf, toWellFormed } from '../support/fuzz';

const requests = Number(process.env.NARCIDI_FUZZ_REQUESTS ?? 1_000);
const seed = Number(process.env.NARCIDI_FUZZ_SEED ?? 20_261_125);
const whole = requests >= 10_000;
const atOnce = 4;
const answerWithinMs = 20_000;
const mebibyte = 1024 * 1024;

const leak = /\bat [\w.<>]+ \(|node_modules|bunfs|\/work\/|\/tmp\/|narcidi-test|SQLITE_|SQLiteError|\.ts:\d+|root:x:0/;

let server: TestServer;
let operations: Operation[];
let pools: Record<string, string[]>;
let machineToken: string;
/** Of an API key that may do everything, which no call about people can take away. */
let adminToken: string;
let personToken: string;

beforeAll(async () => {
  server = await startServer({ NARCIDI_TOKEN_TTL: '86400', NARCIDI_MQTT_PORT: '0' });
  operations = operationsOf((await (await fetch(`${server.url}/swagger/json`)).json()) as never);
  for (let n = 0; n < 20; n += 1) await activate(server, (await createLicenca(server)).licenca.chave);
  const { licenca } = await createLicenca(server, { limite_maquinas: 1_000 });
  machineToken = (await activate(server, licenca.chave)).body.token;
  const { body: key } = await server.call('POST', '/chaves-api', { nome: 'fuzz', permissoes: ['*:*'] });
  const form = { grant_type: 'client_credentials', client_id: key.client_id, client_secret: key.client_secret };
  const token = await fetch(`${server.url}/api/v1/auth/token`, { method: 'POST', body: new URLSearchParams(form) });
  adminToken = ((await token.json()) as { access_token: string }).access_token;
  personToken = (await logIn(server.url, admin.email, admin.senha)).body.access_token;
  for (let n = 0; n < 10; n += 1) {
    await server.call('POST', '/produtos', { nome: 'P', slug: unique('fuzz') });
    await server.call('POST', '/planos', { nome: unique('P'), preco_centavos: 100, periodo: 'mensal' });
    await server.call('POST', '/webhooks', { url: 'https://exemplo.com.br/', eventos: ['cliente.*'], ativo: false });
    await server.call('POST', '/perfis', { nome: unique('P'), permissoes: ['planos:ler'] });
  }
  pools = { ...(await listed()), chave: [licenca.chave] };
});
afterAll(() => server.stop());

/** The ids that lists show, by module; neither the people's, whose sessions run the test, nor the key's. */
async function listed(): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const { path, method } of operations) {
    const [, , , module = ''] = path.split('/');
    if (method !== 'GET' || path.includes('{') || !path.startsWith('/api/v1/')) continue;
    if (/usuarios|auth|chaves-api|auditoria|stream|\/ws/.test(path)) continue;
    const { status, body } = await server.call('GET', path.slice('/api/v1'.length));
    const itens: unknown = status === 200 && typeof body === 'object' ? body?.itens : [];
    for (const item of Array.isArray(itens) ? itens.slice(0, 30) : []) {
      if (typeof item?.id === 'string') found[module] = [...(found[module] ?? []), item.id];
    }
  }
  return found;
}

function authorization(caller: FuzzRequest['caller']): Record<string, string> {
  if (caller === 'nobody') return {};
  const token = { person: personToken, key: adminToken, machine: machineToken, garbage: 'eyJhbGciOiJub25lIn0.e30.' }[
    caller
  ];
  return { authorization: `Bearer ${token}` };
}

/** What is wrong with an answer, or null. */
async function judge(name: string, ask: () => Promise<Response>): Promise<string | null> {
  let response: Response;
  try {
    response = await ask();
  } catch (error) {
    return `${name}: no answer, ${error}`;
  }
  const headers = JSON.stringify([...response.headers]);
  if (response.headers.has('x-injetado') || headers.includes('injetado=sim')) return `${name}: a header was injected`;
  if (leak.test(headers)) return `${name}: headers leak ${headers}`;
  if (response.headers.get('content-type')?.startsWith('text/event-stream')) {
    await response.body?.cancel();
    return null;
  }
  const text = await response.text();
  const found = leak.exec(text);
  if (response.status >= 500) return `${name}: ${response.status} ${text.slice(0, 300)}`;
  // What a caller wrote may come back to it: only what it did not write is a leak.
  return found && response.status >= 400
    ? `${name}: ${response.status} leaks ${found[0]} in ${text.slice(0, 300)}`
    : null;
}

async function send(request: FuzzRequest): Promise<string | null> {
  const { operation, path, query, headers, body, contentType, caller } = request;
  const fields = Object.entries(query).map(([name, value]) => [name, toWellFormed(value)] as [string, string]);
  const search = new URLSearchParams(fields).toString();
  const name = `${operation.method} ${operation.path} as ${caller} ${JSON.stringify({ path, query, headers, body }).slice(0, 700)}`;
  return judge(name, () =>
    fetch(`${server.url}${path}${search ? `?${search}` : ''}`, {
      method: operation.method,
      headers: {
        ...headers,
        ...authorization(caller),
        ...(contentType && body !== undefined ? { 'content-type': contentType } : {}),
      },
      ...(body === undefined ? {} : { body: toWellFormed(body) }),
      signal: AbortSignal.timeout(answerWithinMs),
    }),
  );
}

/** Works through a list, a few at a time. */
async function all<T>(list: readonly T[], work: (item: T) => Promise<string | null>): Promise<string[]> {
  const wrong: string[] = [];
  const rest = list[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (const item of rest) {
      const found = await work(item);
      if (found) wrong.push(found);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return wrong;
}

const isWriting = ({ method, body }: Operation): boolean => method !== 'GET' && body !== null;

describe('hostile requests', () => {
  test(
    `${requests} of them, made from the document, end in no 5xx and leak nothing`,
    async () => {
      const each = Math.ceil(requests / operations.length);
      const list = operations.flatMap((operation, n) =>
        fc.sample(requestOf(operation, pools), { numRuns: each, seed: seed + n }),
      );
      // In an order that mixes the endpoints, the same for the same seed.
      const mixed = list.map((request, n) => ({ request, at: (n * 7_919) % list.length })).sort((a, b) => a.at - b.at);
      expect(await all(mixed, ({ request }) => send(request))).toEqual([]);
      expect(Object.hasOwn(Object.prototype, 'poluido')).toBe(false);
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
      expect((await httpClient(server.url, adminToken)('GET', '/auditoria/verificar')).body.integra).toBe(true);
    },
    60 * 60_000,
  );

  test(
    'a gzip bomb is refused, not unpacked',
    async () => {
      const bomb = gzipSync(Buffer.alloc(100 * mebibyte, ' '), { level: 9 });
      const targets = operations.filter(isWriting).filter((_, n) => whole || n % 10 === 0);
      const wrong = await all(targets, ({ method, path, contentType }) =>
        judge(`${method} ${path} with a gzip bomb`, () =>
          fetch(server.url + path.replace(/\{\w+\}/g, pools.clientes?.[0] ?? 'x'), {
            method,
            headers: {
              ...authorization('key'),
              'content-encoding': 'gzip',
              'content-type': contentType ?? 'application/json',
            },
            body: bomb,
            signal: AbortSignal.timeout(answerWithinMs),
          }),
        ),
      );
      expect(wrong).toEqual([]);
    },
    60 * 60_000,
  );

  test(
    '100 MB of JSON are refused long before they are read',
    async () => {
      const targets = operations
        .filter(({ contentType }) => contentType === 'application/json')
        .filter((operation, n) => isWriting(operation) && (whole || n % 12 === 0));
      const chunk = Buffer.alloc(mebibyte, ' ');
      const wrong = await all(targets, async ({ method, path }) => {
        let sent = 0;
        const body = new ReadableStream<Uint8Array>({
          pull: (controller) => {
            sent += 1;
            if (sent > 100) controller.close();
            else controller.enqueue(sent === 1 ? Buffer.from('{"nome":"') : chunk);
          },
        });
        const name = `${method} ${path} with 100 MB`;
        let status = 0;
        const found = await judge(name, async () => {
          const response = await fetch(server.url + path.replace(/\{\w+\}/g, pools.clientes?.[0] ?? 'x'), {
            method,
            headers: { ...authorization('key'), 'content-type': 'application/json' },
            body,
            signal: AbortSignal.timeout(answerWithinMs),
          });
          status = response.status;
          return response;
        });
        return found ?? (status >= 400 ? null : `${name}: ${status}`);
      });
      expect(wrong).toEqual([]);
    },
    60 * 60_000,
  );
});
