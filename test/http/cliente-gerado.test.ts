/** A client that a standard generator makes of the OpenAPI document: strict TypeScript takes it, wrong use of it not, and it works. */

import { afterAll, beforeAll, describe, expect, mock, test } from 'bun:test';
import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { admin, startServer, type TestServer, unique } from '../support/app';
import { scratchFolder } from '../support/scratch';

const root = resolve(import.meta.dir, '../..');

/** What somebody writes who has only the generated types. Every name in it is checked against the document. */
const program = `
import createClient from 'openapi-fetch';
import type { paths } from './api';

const [baseUrl = '', username = '', password = '', nome = '', email = ''] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl });
const session = await client.POST('/api/v1/auth/token', {
  body: { grant_type: 'password', username, password },
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
});
if (!session.data) throw new Error(JSON.stringify(session.error));
client.use({
  onRequest({ request }) {
    request.headers.set('authorization', \`Bearer \${session.data.access_token}\`);
  },
});
const created = await client.POST('/api/v1/clientes', { body: { nome, email } });
if (!created.data) throw new Error(created.error.codigo);
const read = await client.GET('/api/v1/clientes/{id}', { params: { path: { id: created.data.id } } });
const list = await client.GET('/api/v1/clientes', { params: { query: { limite: 1 } } });
const missing = await client.GET('/api/v1/clientes/{id}', { params: { path: { id: crypto.randomUUID() } } });
console.log(JSON.stringify({ nome: read.data?.nome, itens: list.data?.itens.length, codigo: missing.error?.codigo }));
`;

let server: TestServer;
let folder: string;
beforeAll(async () => {
  server = await startServer();
  folder = scratchFolder();
  // The generator needs the compiler of TypeScript 5 as a library, which 7 has not.
  const typescript5 = await import('typescript-5');
  mock.module('typescript', () => ({ default: typescript5.default }));
  const { default: generate, astToString } = await import('openapi-typescript');
  const document = await (await fetch(`${server.url}/swagger/json`)).text();
  writeFileSync(join(folder, 'api.ts'), astToString(await generate(document)));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
}, 60_000);
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await server.stop();
});

/** @returns what the compiler says, strictly; nothing when it has nothing to say. */
async function compile(name: string, source: string): Promise<string> {
  writeFileSync(join(folder, name), source);
  const options = ['--noEmit', '--strict', '--target', 'esnext', '--module', 'preserve', '--types', 'node', name];
  const tsc = Bun.spawn(['bun', 'x', '--no-install', 'tsc', ...options], { cwd: folder, stdout: 'pipe' });
  return new Response(tsc.stdout).text();
}

describe('a generated client', () => {
  test('compiles as it is, and not when it is used wrongly', async () => {
    expect(await compile('programa.ts', program)).toBe('');
    const wrong = program
      .replace('{ body: { nome, email } }', '{ body: { nome: 1, email } }')
      .replace('{ limite: 1 }', '{ limit: 1 }');
    const said = await compile('errado.ts', wrong);
    expect(said).toContain("Type 'number' is not assignable to type 'string'");
    expect(said).toContain("'limit' does not exist");
  });

  test('logs in, creates, reads, lists, and gets the code of a failure', async () => {
    const nome = unique('Cliente gerado');
    writeFileSync(join(folder, 'roda.ts'), program);
    const run = Bun.spawn(
      ['bun', 'roda.ts', server.url, admin.email, admin.senha, nome, `${unique('gerado')}@exemplo.com.br`],
      {
        cwd: folder,
        stdout: 'pipe',
        stderr: 'inherit',
      },
    );
    expect(JSON.parse(await new Response(run.stdout).text())).toEqual({ nome, itens: 1, codigo: 'NAO_ENCONTRADO' });
  });
});
