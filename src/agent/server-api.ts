/** The server over HTTP, as far as an agent needs it (contract sections 3 and 4). */

import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { Clock } from '../core/clock';
import { OperationalError } from '../core/operational-error';

const requestLimitMs = 20_000;
const answerBytesMax = 4 * 1024 * 1024;

export const jwkSchema = Type.Object({
  kty: Type.Literal('OKP'),
  crv: Type.Literal('Ed25519'),
  x: Type.String(),
  kid: Type.String(),
});
export type PublicJwk = Static<typeof jwkSchema>;

const topicosSchema = Type.Object({
  heartbeat: Type.String(),
  estado: Type.String(),
  comandos: Type.String(),
  respostas: Type.String(),
  conexao: Type.String(),
});

export const activationSchema = Type.Object({
  maquina: Type.Object({ id: Type.String({ minLength: 1 }) }),
  token: Type.String({ minLength: 1 }),
  mqtt: Type.Object({
    url: Type.String(),
    client_id: Type.String(),
    usuario: Type.String(),
    senha: Type.String(),
    topicos: topicosSchema,
  }),
  certificado: Type.String(),
});
export type Activation = Static<typeof activationSchema>;

export const heartbeatAnswerSchema = Type.Object({
  maquina: Type.Object({
    bloqueada: Type.Boolean(),
    codigo: Type.Optional(Type.String()),
    motivo_bloqueio: Type.Union([Type.String(), Type.Null()]),
    revisao: Type.Integer(),
  }),
  intervalo_s: Type.Integer({ minimum: 1 }),
  certificado: Type.String(),
});
export type HeartbeatAnswer = Static<typeof heartbeatAnswerSchema>;

const offerSchema = Type.Object({
  id: Type.String({ minLength: 1 }),
  versao: Type.String({ minLength: 1, maxLength: 64 }),
  tamanho: Type.Integer({ minimum: 1 }),
  sha256: Type.String({ pattern: '^[0-9a-fA-F]{64}$' }),
  assinatura: Type.String({ minLength: 1 }),
});
/** A version the server offers; nothing of it is believed before the file is verified. */
export type Offer = Static<typeof offerSchema>;

const checkAnswerSchema = Type.Object({
  atualizacao: Type.Boolean(),
  obrigatoria: Type.Optional(Type.Boolean()),
  versao: Type.Optional(Type.Union([offerSchema, Type.Null()])),
  url: Type.Optional(Type.Union([Type.String(), Type.Null()])),
});

const problemSchema = Type.Object({ codigo: Type.String(), detail: Type.Optional(Type.String()) });

/** The server answered, and it was no. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly codigo: string,
    detail: string,
    /** Seconds after which to ask again, where it said so. */
    readonly retryAfterSeconds: number | null,
  ) {
    super(`${status} ${codigo}: ${detail}`);
    this.name = 'Refusal';
  }

  /** Whether the same question may be answered otherwise soon: a server in trouble, or one asked too often. */
  get passing(): boolean {
    return this.status >= 500 || this.status === 429 || this.status === 408;
  }
}

/** What a question carries besides its path. */
interface Question {
  body?: unknown;
  token?: string;
}

export type ServerApi = ReturnType<typeof createServerApi>;

/** @param server its address. @param caFile PEM of its authority; empty for the system's. @throws OperationalError */
export function createServerApi(server: string, caFile: string, clock: Clock) {
  const base = parseServer(server);
  const ca = caFile === '' ? undefined : readAuthority(caFile);
  const tls = ca === undefined ? {} : { tls: { ca } };
  /** How far the server's clock is ahead of this machine's, milliseconds. */
  let clockAheadMs = 0;

  /** @throws Refusal, or whatever the network has to say. */
  async function ask<T extends TSchema>(
    method: string,
    path: string,
    schema: T,
    { body, token }: Question = {},
  ): Promise<Static<T>> {
    const headers = new Headers({ accept: 'application/json' });
    if (body !== undefined) headers.set('content-type', 'application/json');
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
    const response = await fetch(new URL(path, base), {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'error',
      signal: AbortSignal.timeout(requestLimitMs),
      ...tls,
    });
    const text = await readLimited(response);
    noteClock(response);
    let parsed: unknown = null;
    try {
      parsed = JSON.parse(text);
    } catch {
      // Not JSON: a proxy's page, told by its status below.
    }
    if (!response.ok) throw refusalOf(response, parsed);
    if (!Value.Check(schema, parsed))
      throw new Error(`the server's answer to ${method} ${path.split('?')[0]} is not as expected`);
    return parsed;
  }

  function noteClock(response: Response): void {
    const told = Date.parse(response.headers.get('date') ?? '');
    if (!Number.isNaN(told)) clockAheadMs = told - clock.now();
  }

  return {
    base,
    ca,
    tls,

    /** Milliseconds to add to this machine's clock to have the server's, to the second. */
    clockAheadMs: (): number => clockAheadMs,

    /** Registers by key; the same machine gets the same credential again. @throws Refusal */
    activate: (chave: string, body: object): Promise<Activation> =>
      ask('POST', `api/v1/licencas/ativar/${encodeURIComponent(chave)}`, activationSchema, { body }),

    /** @param body one heartbeat or a list of at most 1,000. @throws Refusal */
    heartbeat: (token: string, body: unknown): Promise<HeartbeatAnswer> =>
      ask('POST', 'api/v1/maquinas/heartbeat', heartbeatAnswerSchema, { body, token }),

    /** The keys that sign; those of other kinds are left out. */
    async keys(): Promise<PublicJwk[]> {
      const { keys } = await ask('GET', '.well-known/jwks.json', Type.Object({ keys: Type.Array(Type.Unknown()) }));
      return keys.filter((key) => Value.Check(jwkSchema, key));
    },

    /** Asks for an update. @returns null when there is none. @throws Refusal */
    async check(token: string, body: object): Promise<{ offer: Offer; url: string } | null> {
      const answer = await ask('POST', 'api/v1/uploads/versao/check', checkAnswerSchema, { body, token });
      if (!answer.atualizacao || !answer.versao) return null;
      return {
        offer: answer.versao,
        url: new URL(answer.url ?? `api/v1/uploads/download/${answer.versao.id}`, base).href,
      };
    },
  };
}

/** How this machine describes itself when it registers. */
export function machineDescription(nome: string, versao: string, so: string): object {
  return {
    nome: (nome || hostname()).slice(0, 200),
    hostname: hostname().slice(0, 255),
    so: so.slice(0, 100),
    arquitetura: process.arch,
    versao: versao.slice(0, 64),
  };
}

function parseServer(server: string): URL {
  const base = URL.parse(server.endsWith('/') ? server : `${server}/`);
  if (!base || !/^https?:$/.test(base.protocol)) {
    throw new OperationalError(`--server: "${server}" is not an http or https address`);
  }
  return base;
}

function readAuthority(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new OperationalError(`--ca: ${file} cannot be read`);
  }
}

async function readLimited(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > answerBytesMax) throw new Error(`an answer larger than ${answerBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function refusalOf(response: Response, parsed: unknown): Refusal {
  const problem = Value.Check(problemSchema, parsed) ? parsed : { codigo: 'SEM_CODIGO' };
  const after = Number(response.headers.get('retry-after') ?? Number.NaN);
  return new Refusal(
    response.status,
    problem.codigo,
    problem.detail ?? response.statusText,
    Number.isFinite(after) && after >= 0 ? after : null,
  );
}
