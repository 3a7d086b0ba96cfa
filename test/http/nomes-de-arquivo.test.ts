/** File names that would like to be paths or headers. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { startServer, type TestServer } from '../support/app';

let server: TestServer;
let token: string;
beforeAll(async () => {
  server = await startServer();
  const { body: key } = await server.call('POST', '/chaves-api', { nome: 'x', permissoes: ['uploads:*'] });
  const form = { grant_type: 'client_credentials', client_id: key.client_id, client_secret: key.client_secret };
  const response = await fetch(`${server.url}/api/v1/auth/token`, { method: 'POST', body: new URLSearchParams(form) });
  token = ((await response.json()) as { access_token: string }).access_token;
});
afterAll(() => server.stop());

/** A multipart upload whose file name is sent byte by byte as it is given, as no polite client would. */
function upload(nome: string, versao: string): Promise<{ status: number; head: string; body: string }> {
  const fields = { versao, canal: 'estavel', plataforma: 'linux', arquitetura: 'x64', status: 'publicada' };
  const parts = Object.entries(fields).map(
    ([name, value]) => `--limite\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const file = `--limite\r\nContent-Disposition: form-data; name="arquivo"; filename="${nome}"\r\nContent-Type: application/octet-stream\r\n\r\nconteudo ${versao}\r\n--limite--\r\n`;
  const body = Buffer.from(parts.join('') + file, 'utf8');
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString('utf8');
    });
    socket.on('error', reject);
    socket.on('close', () => {
      const [head = '', ...rest] = answer.split('\r\n\r\n');
      resolve({ status: Number(head.split(' ')[1]), head, body: rest.join('\r\n\r\n') });
    });
    socket.write(
      `POST /api/v1/uploads/versao HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\nContent-Type: multipart/form-data; boundary=limite\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    socket.write(body);
  });
}

/** Every file in the data folder, by its path from there. */
function files(): string[] {
  return readdirSync(server.data, { recursive: true }).map(String);
}

describe('a file name', () => {
  let taken = 0;
  const names = [
    '../../../../../../tmp/narcidi-fuga',
    '..\\\\..\\\\narcidi-fuga.exe',
    '/tmp/narcidi-fuga',
    'C:\\\\narcidi-fuga.exe',
    '%2e%2e%2fnarcidi-fuga',
    '....//....//narcidi-fuga',
    'narcidi-fuga\u0000.png',
    'a\rb\nx-injetado: sim',
    'a.zip; filename*=UTF-8\u2019\u2019narcidi-fuga',
    '<script>alert(1)</script>.html',
    '\u202egpj.exe',
    'é😀.zip',
    'x'.repeat(5_000),
    '.',
    '..',
    '',
  ];

  test.each(names.map((nome, n): [string, string, number] => [nome.slice(0, 60), nome, n]))(
    '%j leads nowhere',
    async (_, nome, n) => {
      const { status, head, body } = await upload(nome, `1.0.${n}`);
      expect([201, 400, 422]).toContain(status);
      expect(`${head}${body}`).not.toMatch(/\r\nx-injetado|narcidi-test-|node_modules|bunfs/);
      expect(existsSync('/tmp/narcidi-fuga')).toBe(false);
      expect(files().filter((file) => file.includes('narcidi-fuga'))).toEqual([]);
      if (status !== 201) return;
      taken += 1;
      const { id } = JSON.parse(body.slice(body.indexOf('{'), body.lastIndexOf('}') + 1)) as { id: string };
      const download = await fetch(`${server.url}/api/v1/uploads/download/${id}`, {
        headers: { authorization: `Bearer ${token}` },
      });
      expect(await download.text()).toBe(`conteudo 1.0.${n}`);
      const disposition = download.headers.get('content-disposition') ?? '';
      expect(disposition).toStartWith('attachment');
      // What a browser would save it as: never a path, never hidden characters.
      const saved = /filename="([^"]*)"/.exec(disposition)?.[1] ?? '';
      expect(saved).not.toMatch(/[/\\]|\.\.|\p{Cc}/u);
      expect(download.headers.has('x-injetado')).toBe(false);
      expect(download.headers.get('content-type')).not.toContain('html');
    },
  );

  test('that is unusual but honest is taken as it is', () => {
    expect(taken).toBe(2);
  });
});
