/** Walks every route of the OpenAPI document with every kind of caller and compares with `permissoes.table.ts`. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { clientCredentials, userWith } from '../support/access';
import { activate, admin, createLicenca, logIn, startServer, type TestServer } from '../support/app';
import { corpos, perfis, rotas } from './permissoes.table';

const anyUuid = '0199d3a0-7c1b-7e55-8f5e-3c0d7a1b2c3d';
const methods = ['get', 'post', 'put', 'delete', 'patch'];

interface Caller {
  tipo: 'usuario' | 'chave_api' | 'maquina' | 'ninguem';
  permissoes: readonly string[];
  token: string | null;
}

let server: TestServer;
const callers = new Map<string, Caller>();

beforeAll(async () => {
  server = await startServer();
  for (const nome of Object.keys(perfis)) callers.set(nome, await userOf(nome));
  const { licenca } = await createLicenca(server);
  const { body } = await activate(server, licenca.chave);
  callers.set('a machine', { tipo: 'maquina', permissoes: [], token: body.token });
  for (const permissao of ['painel:ler', 'clientes:ler'])
    callers.set(`a key with ${permissao}`, await keyWith(permissao));
  callers.set('nobody', { tipo: 'ninguem', permissoes: [], token: null });
});
afterAll(() => server.stop());

async function userOf(nome: string): Promise<Caller> {
  if (nome === 'administrador') {
    const { body } = await logIn(server.url, admin.email, admin.senha);
    return { tipo: 'usuario', permissoes: perfis[nome] ?? [], token: body.access_token };
  }
  const call = await userWith(server, nome);
  return { tipo: 'usuario', permissoes: perfis[nome] ?? [], token: call.token };
}

/** An API key that holds one permission only. */
async function keyWith(permissao: string): Promise<Caller> {
  const { body } = await server.call('POST', '/chaves-api', { nome: permissao, permissoes: [permissao] });
  const token = await clientCredentials(server.url, body.client_id, body.client_secret);
  return { tipo: 'chave_api', permissoes: [permissao], token: token.body.access_token };
}

/** What the table promises a caller: it passes, or it is refused with a status. */
function promised(access: string, caller: Caller): 'passes' | 401 | 403 {
  const passes = access.split('|').some((way) => {
    if (way === 'publico') return true;
    if (way === 'chave') return caller.tipo === 'ninguem';
    if (way === 'url' || caller.tipo === 'ninguem') return false;
    if (way === 'autenticado') return true;
    if (way === 'maquina' || way === 'usuario') return caller.tipo === way;
    const [modulo, acao] = way.split(':');
    return [way, `${modulo}:*`, `*:${acao}`, '*:*'].some((granted) => caller.permissoes.includes(granted));
  });
  if (passes) return 'passes';
  return caller.tipo === 'ninguem' ? 401 : 403;
}

/** What the server does. Only a refusal for want of a credential or of a permission counts as one. */
async function found(path: string, method: string, { token, tipo }: Caller): Promise<'passes' | 401 | 403> {
  const corpo = corpos[`${path} ${method}`];
  const body = corpo ? JSON.stringify(tipo === 'ninguem' ? corpo.comChave : corpo.comToken) : '{';
  const response = await fetch(server.url + path.replace(/\{\w+\}/g, anyUuid), {
    method,
    headers: {
      'content-type': 'application/json',
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(method === 'GET' ? {} : { body }),
  });
  if (response.status !== 401 && response.status !== 403) {
    // A feed never ends by itself.
    await response.body?.cancel();
    return 'passes';
  }
  const problem: unknown = await response.json();
  const codigo = typeof problem === 'object' && problem && 'codigo' in problem ? problem.codigo : null;
  if (codigo === 'NAO_AUTENTICADO' || codigo === 'TOKEN_INVALIDO') return 401;
  return codigo === 'SEM_PERMISSAO' ? 403 : 'passes';
}

const rows = rotas.map((row) => {
  const [path = '', method = '', access = ''] = row.split(' ');
  return { path, method, access };
});

describe('every route of the document, and nothing else, has a line in permissoes.table.ts', () => {
  test('the lines are sorted and there is one a route', () => {
    expect([...rotas].sort()).toEqual([...rotas]);
    expect(new Set(rows.map(({ path, method }) => `${path} ${method}`)).size).toBe(rows.length);
  });

  test('none is missing and none is left over', async () => {
    const response = await fetch(`${server.url}/swagger/json`);
    const { paths } = (await response.json()) as { paths: Record<string, Record<string, unknown>> };
    const documented = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations)
        .filter((method) => methods.includes(method))
        .map((method) => `${path.length > 1 ? path.replace(/\/$/, '') : path} ${method.toUpperCase()}`),
    );
    const listed = new Set(rows.map(({ path, method }) => `${path} ${method}`));
    const missing = documented.filter((route) => !listed.has(route)).sort();
    const leftOver = [...listed].filter((route) => !documented.includes(route));
    expect({
      'add to test/http/permissoes.table.ts, in order, with who may call it': missing.map(
        (route) => `'${route} <publico | autenticado | usuario | maquina | modulo:acao>',`,
      ),
      'remove from it': leftOver,
    }).toEqual({
      'add to test/http/permissoes.table.ts, in order, with who may call it': [],
      'remove from it': [],
    });
  });
});

describe('each caller gets what the table says', () => {
  test.each(rows)('$path $method $access', async ({ path, method, access }) => {
    const expected: Record<string, unknown> = {};
    const actual: Record<string, unknown> = {};
    for (const [nome, caller] of callers) {
      expected[nome] = promised(access, caller);
      actual[nome] = await found(path, method, caller);
    }
    expect(actual).toEqual(expected);
  });
});
