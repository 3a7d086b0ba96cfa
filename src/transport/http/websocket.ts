/**
 * WebSocket endpoints of the HTTP port. Bun has one set of handlers for a server: each connection carries its own, so that
 * services with nothing in common share the port.
 */

import type { Server, ServerWebSocket, WebSocketHandler } from 'bun';
import type { Clock } from '../../core/clock';
import type { Ids } from '../../core/ids';
import { Problem } from '../../core/problem';
import { problemResponse } from './errors';
import { immediate, setContext } from './kit/context';

/** One frame; what is larger ends the connection with 1009. */
const frameBytesMax = 2 * 1024 * 1024;
/** So much may wait for a client that does not read; then the connection ends. */
const unsentBytesMax = 8 * 1024 * 1024;
/** A connection that says nothing is asked by a ping before, and ended when it does not answer. */
const idleTimeoutSeconds = 120;
const goingAway = 1001;

export type WebSocketPeer = ServerWebSocket<WebSocketConnection>;

/** What happens on one connection. */
export interface WebSocketConnection {
  open(socket: WebSocketPeer): void;
  message(message: string | Buffer): void;
  /** What `send` answered -1 for has been taken by the network. */
  drain(): void;
  /** The connection is over; nothing more is heard or sent. */
  close(code: number): void;
}

export interface WebSocketUpgrade {
  connection: WebSocketConnection;
  /** Headers of the 101, such as the subprotocol that was chosen. */
  headers?: Record<string, string>;
}

/** A service at one path. */
export interface WebSocketEndpoint {
  path: string;
  /** Decides on a request to be upgraded. @throws Problem to be answered instead. */
  upgrade(request: Request, ip: string | null): WebSocketUpgrade | Promise<WebSocketUpgrade>;
}

interface Dependencies {
  endpoints: readonly WebSocketEndpoint[];
  clock: Clock;
  ids: Ids;
  onBug(error: unknown): void;
}

export type WebSockets = ReturnType<typeof createWebSockets>;

export function createWebSockets({ endpoints, clock, ids, onBug }: Dependencies) {
  const open = new Set<WebSocketPeer>();

  const handler: WebSocketHandler<WebSocketConnection> = {
    maxPayloadLength: frameBytesMax,
    backpressureLimit: unsentBytesMax,
    closeOnBackpressureLimit: true,
    idleTimeout: idleTimeoutSeconds,
    sendPings: true,
    perMessageDeflate: false,
    open: (socket) => {
      open.add(socket);
      socket.data.open(socket);
    },
    message: (socket, message) => socket.data.message(message),
    drain: (socket) => socket.data.drain(),
    close: (socket, code) => {
      open.delete(socket);
      socket.data.close(code);
    },
  };

  async function answer(
    endpoint: WebSocketEndpoint,
    request: Request,
    server: Server<WebSocketConnection>,
    ip: string | null,
  ): Promise<Response | undefined> {
    const requestId = ids.next(clock.now());
    setContext(request, { requestId, ip, idempotencia: null, actor: null, transfer: immediate, secure: false });
    try {
      if (request.headers.get('upgrade')?.toLowerCase() !== 'websocket') throw new Problem('UPGRADE_NECESSARIO');
      const { connection, headers = {} } = await endpoint.upgrade(request, ip);
      if (server.upgrade(request, { data: connection, headers })) return undefined;
      throw new Problem('REQUISICAO_INVALIDA', { detalhe: 'O pedido de WebSocket está incompleto (RFC 6455).' });
    } catch (error) {
      if (!(error instanceof Problem)) onBug(error);
      return problemResponse(error instanceof Problem ? error : new Problem('ERRO_INTERNO'), request);
    }
  }

  return {
    handler,

    /** @returns null when the request is for no endpoint; otherwise its answer, undefined once it has been upgraded. */
    take(
      request: Request,
      server: Server<WebSocketConnection>,
      ip: string | null,
    ): Promise<Response | undefined> | null {
      const { url } = request;
      const from = url.indexOf('/', url.indexOf('://') + 3);
      for (const endpoint of endpoints) {
        if (!url.startsWith(endpoint.path, from)) continue;
        const rest = url.slice(from + endpoint.path.length);
        if (/^\/?(\?|$)/.test(rest)) return answer(endpoint, request, server, ip);
      }
      return null;
    },

    /** Tells every connection that the server goes away. */
    close(): void {
      for (const socket of open) socket.close(goingAway);
    },
  };
}
