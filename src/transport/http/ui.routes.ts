/** The web UI: its files under the names of their content, and its page at every address that is one of its own. */

import { brotliDecompressSync } from 'node:zlib';
import { Elysia } from 'elysia';
import { Problem } from '../../core/problem';
import { type Asset, uiAssets } from '../../native/assets';

/** What is no page of the UI, however it is asked for. */
const otherPaths = /^\/(api|swagger|docs|mqtt|livez|readyz|metrics|\.well-known)(\/|$)/;
const yearSeconds = 31_536_000;
const pageName = 'index.html';

export function uiRoutes() {
  return new Elysia({ name: 'ui' })
    .get('/assets/:nome', ({ params, request }) => asset(request, `assets/${params.nome}`), { detail: { hide: true } })
    .get('/', ({ request }) => page(request), { detail: { hide: true } })
    .get('/*', ({ request }) => page(request), { detail: { hide: true } });
}

/** Named by its content, so that a browser asks once. */
async function asset(request: Request, path: string): Promise<Response> {
  const found = (await uiAssets()).get(path);
  if (!found) throw new Problem('NAO_ENCONTRADO');
  return send(request, found, `public, max-age=${yearSeconds}, immutable`);
}

/** The page for whoever asks for one; an address that is nobody's stays one. */
async function page(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  const wanted = pathname === '/' || (request.headers.get('accept') ?? '').includes('text/html');
  const found = wanted && !otherPaths.test(pathname) ? (await uiAssets()).get(pageName) : undefined;
  if (!found) throw new Problem('NAO_ENCONTRADO');
  return send(request, found, 'no-cache');
}

function send(request: Request, { body, type, etag }: Asset, cacheControl: string): Response {
  // The type also when nothing is sent: the security headers of a 304 replace those that were kept.
  const headers = { etag, 'cache-control': cacheControl, vary: 'accept-encoding', 'content-type': type };
  if (request.headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers });
  const brotli = /\bbr\b/.test(request.headers.get('accept-encoding') ?? '');
  return new Response(brotli ? body() : new Uint8Array(brotliDecompressSync(body())), {
    headers: { ...headers, ...(brotli ? { 'content-encoding': 'br' } : {}) },
  });
}
