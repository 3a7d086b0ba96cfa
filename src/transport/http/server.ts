/** The HTTP application: one Elysia, with what every request gets on its way in and out. */

import { type AnyElysia, Elysia } from 'elysia';
import type { Actor } from '../../core/actor';
import type { Clock } from '../../core/clock';
import type { Ids } from '../../core/ids';
import { Problem } from '../../core/problem';
import { type VerificarHttp, verificarPrefix } from '../../modules/licencas/verificar.http';
import { type CheckHttp, checkPath } from '../../modules/versoes/check.http';
import type { ApiLimits } from './api-limits';
import { errorResponse, maskPath, problemResponse } from './errors';
import type { Idempotency } from './idempotency';
import { contextOf, immediate, setContext, type Transfer } from './kit/context';
import type { Platform } from './kit/platform';
import { addSecurityHeaders } from './security-headers';
import { storeProblem } from './store-failure';

const urlCharactersMax = 16_384;
/** Where the authority of a URL begins: after `https://` at the latest. */
const schemeCharacters = 8;
const apiPrefix = '/api/v1/';
const browserPrefix = '/api/v1/auth/navegador';
const keyHeader = 'idempotency-key';
const requestIdPattern = /^[\w.:-]{1,128}$/;

interface Dependencies {
  /** Every route of the product. */
  routes: AnyElysia;
  platform: Platform;
  idempotency: Idempotency;
  verificar: VerificarHttp;
  limits: ApiLimits;
  /** Is told of every call with a licence key that does not exist. */
  onUnknownKey(ip: string | null): void;
  check: CheckHttp;
  clock: Clock;
  ids: Ids;
  onBug(error: unknown, request: { requestId: string; method: string; path: string }): void;
}

/**
 * @param ip the caller's address.
 * @param secure whether the caller's connection is encrypted.
 */
export type HttpHandler = (
  request: Request,
  ip: string | null,
  transfer?: () => Transfer,
  secure?: boolean,
) => Promise<Response> | Response;

/** The application as one function from request to answer. */
export function createHttpHandler({
  routes,
  platform,
  idempotency,
  verificar,
  limits,
  onUnknownKey,
  check,
  clock,
  ids,
  onBug,
}: Dependencies): HttpHandler {
  function failure(error: unknown, code: string | number, request: Request): Response {
    if (error instanceof Problem && error.codigo === 'NAO_ENCONTRADA') onUnknownKey(contextOf(request).ip);
    const known = errorResponse(error, code, request);
    if (known) return known;
    const { requestId } = contextOf(request);
    onBug(error, { requestId, method: request.method, path: maskPath(new URL(request.url).pathname) });
    const bug = new Problem('ERRO_INTERNO', { detalhe: 'O erro foi registrado com o request_id.' });
    return problemResponse(storeProblem(error) ?? bug, request);
  }

  // Host names may be as short as `hub`: the router must not count on more.
  const app = new Elysia({ name: 'http', normalize: true, handler: { standardHostname: false } })
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
    if (request.headers.get('content-type')?.startsWith('multipart/')) {
      // Streamed to the disk by its route, which alone knows what it was.
      setContext(request, { ...contextOf(request), underKey: idempotency.received(request, key, principal) });
      return app.handle(request);
    }
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
      setContext(request, { requestId, ip, idempotencia: null, actor: null, transfer: immediate, secure: false });
      const response = failure(error, 'UNKNOWN', request);
      response.headers.set('x-request-id', requestId);
      return response;
    }
  }

  return async (original, ip, transfer = immediate, secure = false) => {
    const asked = original.headers.get('x-request-id');
    const requestId = asked !== null && requestIdPattern.test(asked) ? asked : ids.next(clock.now());
    const verification = original.method === 'GET' ? original.url.indexOf(verificarPrefix) : -1;
    if (verification !== -1 && verification === original.url.indexOf('/', schemeCharacters)) {
      return verify(original, verification, ip, requestId);
    }
    const request = asPlain(withoutTrailingSlash(original));
    setContext(request, { requestId, ip, idempotencia: null, actor: null, transfer, secure });
    const api = request.url.startsWith(apiPrefix, request.url.indexOf('/', schemeCharacters));
    const checking = request.method === 'POST' && isAt(request.url, checkPath) && !request.headers.has(keyHeader);
    const response = await (checking ? checked(request) : api ? withinLimits(request, answer) : answer(request));
    response.headers.set('x-request-id', requestId);
    addSecurityHeaders(response.headers, { secure, api });
    return response;
  };

  /** Answers, unless the caller has asked too often. */
  async function withinLimits(
    request: Request,
    next: (request: Request) => Promise<Response> | Response,
  ): Promise<Response> {
    const limited = await limit(request);
    if (limited instanceof Response) return limited;
    const response = await next(request);
    if (limited && !response.headers.has('ratelimit')) {
      for (const [name, value] of Object.entries(limited)) response.headers.set(name, value);
    }
    return response;
  }

  /** @returns the headers of the limit, or the refusal. A wrong credential is refused later, by the route that needs one. */
  async function limit(request: Request): Promise<Record<string, string> | Response | null> {
    try {
      const actor = await platform.decorator.actorOf(request).catch((error: unknown) => {
        if (error instanceof Problem) return null;
        throw error;
      });
      return limits.take(actor, contextOf(request).ip);
    } catch (error) {
      return failure(error, 'UNKNOWN', request);
    }
  }

  function answer(request: Request): Promise<Response> | Response {
    if (request.url.length > urlCharactersMax) {
      return problemResponse(new Problem('REQUISICAO_INVALIDA', { detalhe: 'O endereço é longo demais.' }), request);
    }
    const key = request.method === 'POST' && mayReplay(request) ? request.headers.get(keyHeader) : null;
    if (key !== null) return underKey(request, key);
    return app.handle(request);
  }

  /** A remembered answer needs neither the limits nor the router; what is new goes the way of every other call. */
  async function checked(request: Request): Promise<Response> {
    try {
      return await check.answer(request, (again) => withinLimits(again, (fresh) => app.handle(fresh)));
    } catch (error) {
      return failure(error, 'UNKNOWN', request);
    }
  }
}

/** Whether an address has this very path, whatever query follows. */
function isAt(url: string, path: string): boolean {
  const from = url.indexOf('/', schemeCharacters);
  const end = url.charCodeAt(from + path.length);
  return url.startsWith(path, from) && (Number.isNaN(end) || end === 63);
}

/**
 * Answers are kept by who asks, which a bearer token tells. Where a cookie or HTTP Basic says it, the next caller with the
 * same key would be given somebody else's token: those calls are answered anew each time.
 */
function mayReplay(request: Request): boolean {
  if (request.url.startsWith(browserPrefix, request.url.indexOf('/', schemeCharacters))) return false;
  return !/^basic /i.test(request.headers.get('authorization') ?? '');
}

/**
 * The router looks for the path right behind `http://`, so that a host may have a name of one letter; behind `https://` it
 * would take the host for the path. Whether the call came by TLS is known apart from its address.
 */
function asPlain(request: Request): Request {
  const { url } = request;
  return url.startsWith('https:') ? Object.defineProperty(request, 'url', { value: `http${url.slice(5)}` }) : request;
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
