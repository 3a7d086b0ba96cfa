/** The HTTP port: one Bun.serve before the application and its WebSockets. */

import type { Server } from 'bun';
import { clientAddress, localAuthority, type Networks } from '../../core/address';
import { OperationalError } from '../../core/operational-error';
import type { KeyPair } from '../certificate';
import type { Transfer } from './kit/context';
import type { HttpHandler } from './server';
import type { WebSocketConnection, WebSockets } from './websocket';

/** Uploads are streamed; JSON bodies have their own, much lower limit. */
const requestBytesMax = 16 * 1024 ** 3;
const idleTimeoutSeconds = 120;

export interface HttpServer {
  url: string;
  port: number;
  /** Has connections from now on see another certificate; those there are are finished under the old one. */
  replaceCertificate(pair: KeyPair): void;
  stop(): Promise<void>;
}

interface ListenOptions {
  host: string;
  port: number;
  tls: KeyPair | null;
  sockets: WebSockets;
  /** Proxies whose word on the caller is taken. */
  trustedProxies: Networks;
}

type Listening = Server<WebSocketConnection>;

/** Listens. @throws OperationalError when the port is taken or may not be used. */
export function listenHttp(
  handler: HttpHandler,
  { host, port, tls, sockets, trustedProxies }: ListenOptions,
): HttpServer {
  function serve(onPort: number, pair: KeyPair | null): Listening {
    return Bun.serve<WebSocketConnection>({
      hostname: host,
      port: onPort,
      idleTimeout: idleTimeoutSeconds,
      maxRequestBodySize: requestBytesMax,
      // Bun's `reload` keeps the old certificate: a second server on the same port takes over instead.
      ...(pair ? { tls: { ...pair }, reusePort: true } : {}),
      fetch: (request, self) => {
        const peer = self.requestIP(request)?.address ?? null;
        const ip = peer === null ? null : clientAddress(peer, request.headers.get('x-forwarded-for'), trustedProxies);
        const forwarded =
          peer !== null && trustedProxies.include(peer) ? request.headers.get('x-forwarded-proto') : null;
        const secure = tls !== null || forwarded === 'https';
        // Once it has let go of a request, the server knows no address of it any more.
        const transfer = (): Transfer => {
          // Asked for only afterwards, a signal has not heard of what was before it.
          const { signal } = request;
          return { ended: () => self.requestIP(request) === null, aborted: () => signal.aborted };
        };
        return sockets.take(request, self, ip) ?? handler(request, ip, transfer, secure);
      },
      websocket: sockets.handler,
    });
  }

  let current: Listening;
  try {
    // A port that may be shared would be shared with whoever else has it.
    if (tls && port !== 0) void Bun.serve({ hostname: host, port, fetch: () => new Response() }).stop(true);
    current = serve(port, tls);
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new OperationalError(`cannot listen for HTTP on ${host}:${port} (${reason}); is the port in use?`);
  }
  /** Servers whose certificate was replaced, which still take connections for a moment. */
  const outgoing = new Set<Listening>();
  /** Servers that take no more connections and finish those they have. */
  const retiring = new Set<Promise<void>>();

  function retire(server: Listening): void {
    const stopping = server.stop().finally(() => retiring.delete(stopping));
    retiring.add(stopping);
  }

  const bound = current.port ?? port;
  return {
    url: `${tls ? 'https' : 'http'}://${localAuthority(host, bound)}`,
    port: bound,
    replaceCertificate: (pair) => {
      const before = current;
      current = serve(bound, pair);
      // Who waits to be taken by the old one is reset when it closes: it closes right after it has looked for more.
      outgoing.add(before);
      setImmediate(() => outgoing.delete(before) && retire(before));
    },
    // Requests under way are finished; idle connections are closed.
    stop: async () => {
      sockets.close();
      for (const server of [...outgoing, current]) retire(server);
      outgoing.clear();
      await Promise.all(retiring);
    },
  };
}
