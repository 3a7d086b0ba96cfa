/** The HTTP application: one Elysia, with what every request gets on its way in and out. */

import { type AnyElysia, Elysia } from 'elysia';
import type { Actor } from '../../core/actor';
import type { Clock } from '../../core/clock';
import type { Ids } from '../../core/ids';
import { Problem } from '../../core/problem';
import { type VerificarHttp, verificarPrefix } from '../../modules/licencas/verificar.http';
import { errorResponse, maskPath, problemResponse } from './errors';
import type { Idempotency } from './idempotency';
import { contextOf, immediate, setContext, type Transfer } from './kit/context';
import type { Platform } from './kit/platform';

const urlCharactersMax = 16_384;
/** Where the authority of a URL begins: after `https://` at the latest. */
const schemeCharacters = 8;
const requestIdPattern = /^[\w.:-]{1,128}$/;

interface Dependencies {
  /** Every route of the product. */
  routes: AnyElysia;
  platform: Platform;
  idempotency: Idempotency;
  verificar: VerificarHttp;
  clock: Clock;
  ids: Ids;
  onBug(error: unknown, request: { requestId: string; method: string; path: string }): void;
}

export type HttpHandler = (request: Request, ip: string | null, transfer?: Transfer) => Promise<Response> | Response;

/** The application as one function from request to answer. */
export function createHttpHandler({
  routes,
  platform,
  idempotency,
  verificar,
  clock,
  ids,
  onBug,
}: Dependencies): HttpHandler {
  function failure(error: unknown, code: string | number, request: Request): Response {
    const known = errorResponse(error, code, request);
    if (known) return known;
    const { requestId } = contextOf(request);
    onBug(error, { requestId, method: request.method, path: maskPath(new URL(request.url).pathname) });
    return problemResponse(
      new Problem('ERRO_INTERNO', { detalhe: 'O erro foi registrado com o request_id.' }),
      request,
    );
  }

  const app = new Elysia({ name: 'http', normalize: true })
    .onError(({ error, code, request }) => failure(error, code, request))
    .use(routes)
    .compile();

  async function underKey(request: Request, key: string): Promise<Response> {
    // Authentication comes first: two callers may use the same key, and a stranger must not learn of an answer.
    const actor: Actor | Problem = await platform.decorator.actorOf(request).catch((error: unknown) => {
      if (error instanceof Problem) return error;
      throw error;
    });
    if (actor instanceof Problem) return problemResponse(actor, request);
    const principal = `${actor.tipo}:${actor.id ?? ''}`;
    return idempotency.handle(request, key, principal, async (body, id) => {
      const again = new Request(request.url, { method: request.method, headers: request.headers, body });
      setContext(again, {
        ...contextOf(request),
        idempotencia: id,
        actor: Promise.resolve({ ...actor, idempotencia: id }),
      });
      return app.handle(again);
    });
  }

  function verify(request: Request, from: number, ip: string | null, requestId: string): Response {
    try {
      return verificar(request.url.slice(from), ip, requestId);
    } catch (error) {
      setContext(request, { requestId, ip, idempotencia: null, actor: null, transfer: immediate });
      const response = failure(error, 'UNKNOWN', request);
      response.headers.set('x-request-id', requestId);
      return response;
    }
  }

  return async (original, ip, transfer = immediate) => {
    const asked = original.headers.get('x-request-id');
    const requestId = asked !== null && requestIdPattern.test(asked) ? asked : ids.next(clock.now());
    const verification = original.method === 'GET' ? original.url.indexOf(verificarPrefix) : -1;
    if (verification !== -1 && verification === original.url.indexOf('/', schemeCharacters)) {
      return verify(original, verification, ip, requestId);
    }
    const request = withoutTrailingSlash(original);
    setContext(request, { requestId, ip, idempotencia: null, actor: null, transfer });
    const response = await answer(request);
    response.headers.set('x-request-id', requestId);
    response.headers.set('x-content-type-options', 'nosniff');
    return response;
  };

  function answer(request: Request): Promise<Response> | Response {
    if (request.url.length > urlCharactersMax) {
      return problemResponse(new Problem('REQUISICAO_INVALIDA', { detalhe: 'O endereço é longo demais.' }), request);
    }
    const key = request.method === 'POST' ? request.headers.get('idempotency-key') : null;
    return key === null ? app.handle(request) : underKey(request, key);
  }
}

/** Paths are registered without the slash at the end, which is optional for callers. */
function withoutTrailingSlash(request: Request): Request {
  const { url } = request;
  const query = url.indexOf('?');
  const pathEnd = query === -1 ? url.length : query;
  if (url.charCodeAt(pathEnd - 1) !== 47 || pathEnd - url.indexOf('/', url.indexOf('//') + 2) === 1) return request;
  const { method, headers, body } = request;
  // Given the request itself, the new one would first read the whole body into memory.
  return new Request(url.slice(0, pathEnd).replace(/\/+$/, '') + url.slice(pathEnd), { method, headers, body });
}
