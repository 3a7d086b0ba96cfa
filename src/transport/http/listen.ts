/** The HTTP port: one Bun.serve before the application and its WebSockets. */

import type { Server } from 'bun';
import { clientAddress, type Networks } from '../../core/address';
import { OperationalError } from '../../core/operational-error';
import type { HttpHandler } from './server';
import type { WebSocketConnection, WebSockets } from './websocket';

/** Uploads are streamed; JSON bodies have their own, much lower limit. */
const requestBytesMax = 16 * 1024 ** 3;
const idleTimeoutSeconds = 120;

export interface HttpServer {
  url: string;
  port: number;
  stop(): Promise<void>;
}

interface ListenOptions {
  host: string;
  port: number;
  tls: { cert: string; key: string } | null;
  sockets: WebSockets;
  /** Proxies whose word on the caller is taken. */
  trustedProxies: Networks;
}

/** Listens. @throws OperationalError when the port is taken or may not be used. */
export function listenHttp(
  handler: HttpHandler,
  { host, port, tls, sockets, trustedProxies }: ListenOptions,
): HttpServer {
  let server: Server<WebSocketConnection>;
  try {
    server = Bun.serve<WebSocketConnection>({
      hostname: host,
      port,
      idleTimeout: idleTimeoutSeconds,
      maxRequestBodySize: requestBytesMax,
      ...(tls ? { tls: { cert: tls.cert, key: tls.key } } : {}),
      fetch: (request, self) => {
        const peer = self.requestIP(request)?.address ?? null;
        const ip = peer === null ? null : clientAddress(peer, request.headers.get('x-forwarded-for'), trustedProxies);
        const forwarded =
          peer !== null && trustedProxies.include(peer) ? request.headers.get('x-forwarded-proto') : null;
        const secure = tls !== null || forwarded === 'https';
        // Once it has let go of a request, the server knows no address of it any more.
        const transfer = { ended: () => self.requestIP(request) === null, aborted: () => request.signal.aborted };
        return sockets.take(request, self, ip) ?? handler(request, ip, transfer, secure);
      },
      websocket: sockets.handler,
    });
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new OperationalError(`cannot listen for HTTP on ${host}:${port} (${reason}); is the port in use?`);
  }
  const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  const authority = shown.includes(':') ? `[${shown}]` : shown;
  return {
    url: `${tls ? 'https' : 'http'}://${authority}:${server.port}`,
    port: server.port ?? port,
    // Requests under way are finished; idle connections are closed.
    stop: () => {
      sockets.close();
      return server.stop();
    },
  };
}
