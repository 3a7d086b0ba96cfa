/** A network between an SDK and the server that can fail, lie and alter, on one address for as long as it is asked for. */

import { generateKeyPairSync, sign } from 'node:crypto';

export const modos = [
  'ok',
  'fora',
  '503',
  '500_html',
  '429',
  'cortada',
  'lenta',
  'mentira',
  'repetida',
  'outras_chaves',
  'arquivo_alterado',
] as const;
export type Modo = (typeof modos)[number];

export interface Rede {
  url: string;
  mode(modo: Modo): void;
  stop(): void;
}

/** @param upstream the server; asked at each request, for it is started later. */
export function startRede(upstream: () => string): Rede {
  let modo: Modo = 'ok';
  let lastValid = '';
  const forged = forger();

  async function pass(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const answer = await fetch(upstream() + pathname + search, {
      method: request.method,
      headers: request.headers,
      body: request.body ? await request.arrayBuffer() : null,
    });
    const headers = new Headers(answer.headers);
    // fetch has unpacked it.
    for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) headers.delete(name);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    if (pathname.includes('/licencas/verificar/')) {
      const text = new TextDecoder().decode(bytes);
      if (text.includes('"valida":true')) lastValid = text;
    }
    if (modo === 'arquivo_alterado' && pathname.includes('/uploads/download/')) bytes[0] = (bytes[0] ?? 0) ^ 1;
    return new Response(bytes, { status: answer.status, headers });
  }

  function fail(request: Request): Response | Promise<Response> | null {
    const { pathname, searchParams } = new URL(request.url);
    const json = (body: unknown, status = 200) => Response.json(body, { status });
    switch (modo) {
      case '503':
        return json({ codigo: 'INDISPONIVEL', detail: 'manutenção', definitivo: false }, 503);
      case '500_html':
        return new Response('<h1>Bad gateway</h1>', { status: 500, headers: { 'content-type': 'text/html' } });
      case '429':
        return json({ codigo: 'MUITAS_REQUISICOES', detail: 'devagar', definitivo: false }, 429);
      case 'cortada':
        return new Response('{"valida":tr', { headers: { 'content-type': 'application/json' } });
      case 'lenta':
        return new Promise(() => undefined);
      case 'mentira':
        return json({ valida: true, codigo: 'VALIDA', detalhe: 'confie', definitivo: true, certificado: 'a.b.c' });
      case 'repetida':
        return new Response(lastValid, { headers: { 'content-type': 'application/json' } });
      case 'outras_chaves':
        return pathname === '/.well-known/jwks.json'
          ? json({ keys: [forged.jwk] })
          : json({
              valida: true,
              codigo: 'VALIDA',
              detalhe: '',
              definitivo: true,
              certificado: forged.certificate(searchParams.get('impressao'), searchParams.get('nonce')),
            });
      default:
        return null;
    }
  }

  let server: Bun.Server<undefined> | null = null;
  const serve = (port: number) =>
    Bun.serve({
      port,
      hostname: '127.0.0.1',
      idleTimeout: 0,
      // What fetch says of a server that is gone is not the SDK's business.
      fetch: (request) => fail(request) ?? pass(request),
    });
  server = serve(0);
  const port = server.port ?? 0;
  return {
    url: `http://127.0.0.1:${port}`,
    mode: (next) => {
      modo = next;
      if (modo === 'fora') {
        server?.stop(true);
        server = null;
      } else {
        server ??= serve(port);
      }
    },
    stop: () => void server?.stop(true),
  };
}

/** Somebody else's keys, and certificates that would be right but for them. */
function forger() {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const { x } = publicKey.export({ format: 'jwk' });
  const kid = 'de-outro-servidor';
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return {
    jwk: { kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig', kid, x },
    certificate(impressao: string | null, nonce: string | null): string {
      const iat = Math.floor(Date.now() / 1_000);
      const lic = { tipo: 'perpetua', produto: 'padrao', recursos: [], limite_maquinas: 9, expira_em: null };
      const claims = { iat, nbf: iat, exp: iat + 9_999, impressao, nonce, valida: true, codigo: 'VALIDA', lic };
      const signed = `${part({ alg: 'EdDSA', kid })}.${part(claims)}`;
      return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`;
    },
  };
}
