/** Sending versions to a server under test, and fetching them. */

import { createHash } from 'node:crypto';
import { type Answer, admin, logIn, type TestServer } from './app';

export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

export interface Publisher {
  token: string;
  /** Sends a version; what is given twice replaces what every version has. */
  send(fields?: Record<string, string>, content?: Uint8Array | string, nome?: string): Promise<Answer>;
  /** Sends a version that is published at once. @throws Error when it is refused. */
  publish(fields?: Record<string, string>, content?: Uint8Array | string, nome?: string): Promise<Answer['body']>;
  /** A raw request with the administrator's token. */
  raw(path: string, init?: RequestInit): Promise<Response>;
}

/** The administrator as whoever publishes. */
export async function publisher(server: Pick<TestServer, 'url'>): Promise<Publisher> {
  const token = (await logIn(server.url, admin.email, admin.senha)).body.access_token;
  const authorization = `Bearer ${token}`;
  const raw: Publisher['raw'] = (path, init = {}) =>
    fetch(`${server.url}/api/v1${path}`, { ...init, headers: { authorization, ...init.headers } });
  const send: Publisher['send'] = async (fields = {}, content = 'o programa', nome = 'programa.bin') => {
    const form = new FormData();
    for (const [campo, value] of Object.entries({ versao: '1.0.0', ...fields })) form.append(campo, value);
    form.append('arquivo', new Blob([content as string]), nome);
    const response = await raw('/uploads/versao', { method: 'POST', body: form });
    return { status: response.status, headers: response.headers, body: await response.json() };
  };
  return {
    token,
    raw,
    send,
    publish: async (fields, content, nome) => {
      const { status, body } = await send({ status: 'publicada', ...fields }, content, nome);
      if (status !== 201) throw new Error(JSON.stringify(body));
      return body;
    },
  };
}

/** A new product of its own, so that versions of one test are no other's. */
export async function createProduto(server: Pick<TestServer, 'call'>, slug: string): Promise<string> {
  const { status, body } = await server.call('POST', '/produtos', { slug, nome: slug });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body.slug;
}

/** Asks as a machine, or as whoever holds a key. */
export function check(server: Pick<TestServer, 'call'>, token: string | null, body: object): Promise<Answer> {
  const asked = { versao_atual: '1.0.0', plataforma: 'linux', arquitetura: 'x64', ...body };
  return server.call('POST', '/uploads/versao/check', asked, {
    authorization: token === null ? null : `Bearer ${token}`,
  });
}
