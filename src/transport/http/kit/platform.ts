/** What every route stands on: who asks, how bodies are read, how lists are asked for. */

import { Elysia, t } from 'elysia';
import { type Actor, authorize, type Permissao } from '../../../core/actor';
import { pageLimitDefault, pageLimitMax } from '../../../core/page';
import { Problem } from '../../../core/problem';
import { anonymous, contextOf } from './context';
import { readJson } from './json-body';

/** Finds the actor of a credential. @throws Problem TOKEN_INVALIDO */
export type Authenticate = (token: string, request: Request) => Promise<Actor>;

/**
 * Who may call a route: everybody, whoever has any valid credential, people, machines, or holders of a permission. The service
 * asks for the permission again; here it is for answering 401 and 403 before the body is even read.
 */
export type Access = 'publico' | 'autenticado' | 'usuario' | 'maquina' | Permissao;

export type Platform = ReturnType<typeof createPlatform>;

export function createPlatform(authenticate: Authenticate) {
  function actorOf(request: Request): Promise<Actor> {
    const context = contextOf(request);
    context.actor ??= resolve(request);
    return context.actor;
  }

  async function resolve(request: Request): Promise<Actor> {
    const token = bearerToken(request);
    return token === null ? anonymous(request) : authenticate(token, request);
  }

  async function admit(request: Request, access: Access): Promise<void> {
    if (access === 'publico') return;
    const actor = await actorOf(request);
    if (actor.tipo === 'anonimo') throw new Problem('NAO_AUTENTICADO');
    if (access === 'autenticado') return;
    if (access === 'maquina' || access === 'usuario') {
      const detalhe = access === 'maquina' ? 'Só a própria máquina pode.' : 'Só uma pessoa pode.';
      if (actor.tipo !== access) throw new Problem('SEM_PERMISSAO', { detalhe });
      return;
    }
    authorize(actor, access);
  }

  return new Elysia({ name: 'platform' })
    .decorate('actorOf', actorOf)
    .macro({
      acesso: (access: Access) => ({
        // For the OpenAPI document, which tells callers what they need.
        detail: { 'x-acesso': access } as object,
        parse: [
          async ({ request }: { request: Request }) => {
            await admit(request, access);
          },
          ({ request }: { request: Request }) => readJson(request),
        ],
        transform: ({ request }: { request: Request }) => admit(request, access),
      }),
    })
    .derive({ as: 'global' }, ({ request }) => ({
      /** Who asks; nobody in particular on public routes without a credential. */
      ator: () => actorOf(request),
    }));
}

/** The bearer credential of a request, or null when it has none. @throws Problem TOKEN_INVALIDO for any other scheme. */
export function bearerToken(request: Request): string | null {
  const header = request.headers.get('authorization');
  if (header === null) return null;
  const [, token] = /^Bearer +([\x21-\x7e]+) *$/i.exec(header) ?? [];
  if (token === undefined) throw new Problem('TOKEN_INVALIDO', { detalhe: 'Use Authorization: Bearer <token>.' });
  return token;
}

/** The query parameters of every list. */
export const listQuery = {
  limite: t.Optional(
    t.Integer({ minimum: 1, maximum: pageLimitMax, default: pageLimitDefault, description: 'Itens por página' }),
  ),
  cursor: t.Optional(t.String({ maxLength: 1024, description: 'proximo_cursor da página anterior' })),
  ordem: t.Optional(t.String({ maxLength: 64, description: 'Campo de ordenação; -campo inverte' })),
  busca: t.Optional(t.String({ maxLength: 200, description: 'Parte do texto procurado' })),
  total: t.Optional(t.BooleanString({ description: 'Conta também o total' })),
};

/** The description of a page of items. */
export function pageOf<const T extends Parameters<typeof t.Array>[0]>(item: T) {
  return t.Object({
    itens: t.Array(item),
    proximo_cursor: t.Union([t.String(), t.Null()]),
    total: t.Optional(t.Integer()),
  });
}

/** The parameters of a route about one entity. */
export const idParams = t.Object({ id: t.String({ format: 'uuid', description: 'Identificador (UUIDv7)' }) });

/** The revision in `If-Match`, or null when any will do. @throws Problem VERSAO_DESATUALIZADA when it is none of ours. */
export function expectedRevision(request: Request): number | null {
  const header = request.headers.get('if-match');
  if (header === null || header.trim() === '*') return null;
  const match = /^\s*(?:W\/)?"(\d{1,15})"\s*$/.exec(header);
  if (!match) throw new Problem('VERSAO_DESATUALIZADA', { detalhe: 'If-Match não traz o ETag deste registro.' });
  return Number(match[1]);
}

/** Puts the entity's revision into the answer. */
export function etag(set: { headers: Record<string, string | number | undefined> }, rev: number): void {
  set.headers.etag = `"${rev}"`;
}

/** Answers 201 with where the new entity is. */
export function created(
  set: { status?: number | string; headers: Record<string, string | number | undefined> },
  location: string,
  rev: number,
): void {
  set.status = 201;
  set.headers.location = location;
  etag(set, rev);
}

/** Tells in `Link` where the next page is. */
export function linkNext(
  set: { headers: Record<string, string | number | undefined> },
  request: Request,
  cursor: string | null,
): void {
  if (cursor === null) return;
  const url = new URL(request.url);
  url.searchParams.set('cursor', cursor);
  set.headers.link = `<${url.pathname}${url.search}>; rel="next"`;
}
