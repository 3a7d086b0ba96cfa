/** The file of a version over HTTP: whole, in parts, taken up again, conditional; and what counts as a download. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect } from 'node:net';
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

const size = 10_000;
const content = Uint8Array.from({ length: size }, (_, n) => (n * 7 + (n >> 8)) % 251);
let server: TestServer;
let admin: Publisher;
let versao: Answer['body'];
beforeAll(async () => {
  server = await startServer();
  admin = await publisher(server);
  const produto = await createProduto(server, unique('produto'));
  versao = await admin.publish({ produto }, content, 'Instalação "á" 1.0.exe');
});
afterAll(() => server.stop());

const get = (headers: Record<string, string> = {}, method = 'GET'): Promise<Response> =>
  admin.raw(`/uploads/download/${versao.id}`, { method, headers });
const bytes = async (response: Response): Promise<Uint8Array> => new Uint8Array(await response.arrayBuffer());
const downloads = async (id: string): Promise<number> =>
  (await server.call('GET', `/uploads/versao/${id}`)).body.downloads;

describe('a download', () => {
  test('is the file, under its own name, with the digest of what it is', async () => {
    const response = await get();
    expect(response.status).toBe(200);
    expect(Buffer.from(await bytes(response)).equals(content)).toBe(true);
    const digest = Buffer.from(sha256(content), 'hex').toString('base64');
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-length': String(size),
      'content-type': 'application/octet-stream',
      'accept-ranges': 'bytes',
      etag: `"${sha256(content)}"`,
      'repr-digest': `sha-256=:${digest}:`,
      'last-modified': new Date(Math.floor(Date.parse(versao.criado_em) / 1000) * 1000).toUTCString(),
      'x-content-type-options': 'nosniff',
    });
    const disposition = response.headers.get('content-disposition') ?? '';
    expect(disposition).toStartWith('attachment; ');
    expect(disposition).toContain("filename*=UTF-8''Instala%C3%A7%C3%A3o%20");
  });

  test('answers HEAD with the same headers and no body', async () => {
    const whole = await get();
    const head = await get({}, 'HEAD');
    expect([head.status, (await bytes(head)).length]).toEqual([200, 0]);
    for (const name of ['content-length', 'etag', 'repr-digest', 'content-disposition', 'accept-ranges']) {
      expect(head.headers.get(name)).toBe(whole.headers.get(name));
    }
    await whole.body?.cancel();
  });

  const parts: [string, number, number][] = [
    ['bytes=0-0', 0, 0],
    ['bytes=0-9', 0, 9],
    ['bytes=9990-', 9_990, 9_999],
    ['bytes=9999-', 9_999, 9_999],
    ['bytes=5000-99999', 5_000, 9_999],
    ['bytes=-1', 9_999, 9_999],
    ['bytes=-10000', 0, 9_999],
    ['bytes=-99999', 0, 9_999],
    ['Bytes = 1-2', 1, 2],
  ];
  test.each(parts)('of the range "%s" is those bytes', async (range, first, last) => {
    const response = await get({ range });
    expect(response.status).toBe(206);
    expect(response.headers.get('content-range')).toBe(`bytes ${first}-${last}/${size}`);
    expect(response.headers.get('content-length')).toBe(String(last - first + 1));
    expect(Buffer.from(await bytes(response)).equals(content.subarray(first, last + 1))).toBe(true);
  });

  test.each(['bytes=10000-', 'bytes=10000-10001', 'bytes=-0', 'bytes=99999-,-0'])(
    'of the range "%s" is 416',
    async (range) => {
      const response = await get({ range });
      expect([response.status, response.headers.get('content-range')]).toEqual([416, `bytes */${size}`]);
      expect(((await response.json()) as Answer['body']).codigo).toBe('FAIXA_INVALIDA');
    },
  );

  const nonsense = [
    'bytes=',
    'bytes=-',
    'bytes=a-b',
    'bytes=9-3',
    'bytes=1-2x',
    'bytes=1-2,lixo',
    'linhas=1-2',
    '1-2',
    'bytes=1-2-3',
  ];
  test.each([...nonsense, `bytes=${'9'.repeat(40)}-`, `bytes=${Array(17).fill('0-0').join(',')}`])(
    'with the nonsense "%s" for a range is whole',
    async (range) => {
      const response = await get({ range });
      expect([response.status, (await bytes(response)).length]).toEqual([200, size]);
    },
  );

  test('of several ranges comes as multipart/byteranges, each part as it was asked', async () => {
    const response = await get({ range: 'bytes=0-4, 100-102, -3' });
    expect(response.status).toBe(206);
    const boundary = /^multipart\/byteranges; boundary=(\w+)$/.exec(response.headers.get('content-type') ?? '')?.[1];
    const text = Buffer.from(await bytes(response)).toString('latin1');
    const found = text
      .split(`--${boundary}`)
      .slice(1, -1)
      .map((one) => /content-range: bytes (\S+)\r\n\r\n([\s\S]*)\r\n$/.exec(one)?.slice(1) ?? []);
    const latin = (from: number, to: number): string => Buffer.from(content.subarray(from, to)).toString('latin1');
    expect(found).toEqual([
      [`0-4/${size}`, latin(0, 5)],
      [`100-102/${size}`, latin(100, 103)],
      [`9997-9999/${size}`, latin(9_997, size)],
    ]);
    // Overlapping parts that would be more than the file are answered with the file.
    expect((await get({ range: 'bytes=0-9999,0-9999' })).status).toBe(200);
  });

  test('is conditional on what the caller has', async () => {
    const { headers } = await get({}, 'HEAD');
    const etag = headers.get('etag') ?? '';
    const modified = headers.get('last-modified') ?? '';
    const status = async (given: Record<string, string>): Promise<number> => {
      const response = await get(given);
      await response.body?.cancel();
      return response.status;
    };
    expect(await status({ 'if-none-match': etag })).toBe(304);
    expect(await status({ 'if-none-match': `"x", W/${etag}` })).toBe(304);
    expect(await status({ 'if-none-match': '"x"', 'if-modified-since': modified })).toBe(200);
    expect(await status({ 'if-modified-since': modified })).toBe(304);
    expect(await status({ 'if-match': '"x"' })).toBe(412);
    expect(await status({ 'if-match': etag })).toBe(200);
    const range = 'bytes=0-9';
    expect(await status({ range, 'if-range': etag })).toBe(206);
    expect(await status({ range, 'if-range': modified })).toBe(206);
    expect(await status({ range, 'if-range': '"outro"' })).toBe(200);
    expect(await status({ range, 'if-range': `W/${etag}` })).toBe(200);
    expect(await status({ range, 'if-range': 'Thu, 01 Jan 1970 00:00:00 GMT' })).toBe(200);
  });
});

describe('a file that is not on the disk any more', () => {
  test('is 503, which is nobody’s verdict, and not half a file', async () => {
    const produto = await createProduto(server, unique('produto'));
    const text = unique('some');
    const { id } = await admin.publish({ produto }, text);
    const hash = sha256(text);
    rmSync(join(server.data, 'versoes', hash.slice(0, 2), hash));
    const { status, body } = await server.call('GET', `/uploads/download/${id}`);
    expect([status, body.codigo, body.definitivo]).toEqual([503, 'INDISPONIVEL', false]);
  });
});

describe('what counts', () => {
  /** More than the kernel's buffers of a connection take in, which may be 36 MiB here. */
  const large = new Uint8Array(128 * 1024 ** 2).fill(7);

  /** A machine's raw request that is cut off after some bytes. @returns how many of the body came. */
  async function breakOff(path: string, token: string): Promise<number> {
    const { hostname, port } = new URL(server.url);
    const socket = connect({ port: Number(port), host: hostname });
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    const [first]: Buffer[] = await once(socket, 'data');
    socket.pause();
    const received = (first?.length ?? 0) - ((first?.indexOf('\r\n\r\n') ?? 0) + 4);
    socket.destroy();
    return received;
  }

  test('is a whole download, once; parts and HEAD do not', async () => {
    const produto = await createProduto(server, unique('produto'));
    const { id } = await admin.publish({ produto }, content);
    const fetched = async (headers: Record<string, string> = {}, method = 'GET'): Promise<number> => {
      const response = await admin.raw(`/uploads/download/${id}`, { headers, method });
      await response.arrayBuffer();
      return downloads(id);
    };
    expect(await fetched({ range: 'bytes=0-99' })).toBe(0);
    expect(await fetched({ range: 'bytes=100-' })).toBe(0);
    expect(await fetched({}, 'HEAD')).toBe(0);
    expect(await fetched()).toBe(1);
    expect(await fetched()).toBe(2);
    expect(await fetched({ range: 'bytes=-1' })).toBe(2);
  });

  test('is one that broke off and was taken up again where it had come to: the same bytes, counted once', async () => {
    const produto = await createProduto(server, unique('produto'));
    const { licenca } = await createLicenca(server, { produto });
    const { body: machine } = await activate(server, licenca.chave);
    const { id } = await admin.publish({ produto, versao: '1.1.0' }, large);
    const path = `/api/v1/uploads/download/${id}`;
    const received = await breakOff(path, machine.token);
    expect(received).toBeLessThan(large.length);
    const headers = {
      authorization: `Bearer ${machine.token}`,
      range: `bytes=${received}-`,
      'if-range': `"${sha256(large)}"`,
    };
    // The server may take a moment to see that the first connection is gone.
    const counted = await eventually(
      async () => {
        const response = await fetch(server.url + path, { headers });
        expect(response.status).toBe(206);
        const rest = await bytes(response);
        expect(sha256(Buffer.concat([large.subarray(0, received), rest]))).toBe(sha256(large));
        return downloads(id);
      },
      (count) => count === 1,
    );
    expect(counted).toBe(1);
    expect(eventsOf(server, id)).toEqual(['versao.publicada', 'versao.baixada']);
  });

  test('names the machine in the history', async () => {
    const produto = await createProduto(server, unique('produto'));
    const { licenca } = await createLicenca(server, { produto });
    const { body: machine } = await activate(server, licenca.chave);
    const { id } = await admin.publish({ produto, versao: '1.1.0' }, content);
    await (await fetch((await check(server, machine.token, {})).body.url)).arrayBuffer();
    expect(await downloads(id)).toBe(1);
    const { body } = await server.call('GET', `/uploads/versao/${id}/historico`);
    expect(body.itens[0]).toMatchObject({
      acao: 'baixar',
      ator: { tipo: 'maquina', id: machine.maquina.id },
      depois: { maquina_id: machine.maquina.id, licenca_id: licenca.id, cliente_id: licenca.cliente_id },
    });
  });
});

describe('a signed address', () => {
  test('holds for fifteen minutes of the installation’s clock', async () => {
    const produto = await createProduto(server, unique('produto'));
    const { licenca } = await createLicenca(server, { produto });
    await admin.publish({ produto, versao: '1.1.0' });
    const before = Date.now();
    const { url } = (await check(server, null, { chave: licenca.chave })).body;
    const until = Number(new URL(url).searchParams.get('ate')) * 1000;
    expect(until - before).toBeGreaterThanOrEqual(15 * 60_000);
    expect(until - Date.now()).toBeLessThanOrEqual(15 * 60_000 + 1_000);
  });
});
