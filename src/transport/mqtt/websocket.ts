/** MQTT over WebSocket (MQTT 3.1.1 section 6): each connection as a stream for the broker. */

import { Duplex } from 'node:stream';
import { Problem } from '../../core/problem';
import type { WebSocketConnection, WebSocketEndpoint, WebSocketPeer } from '../http/websocket';
import type { Broker } from './broker';

/** Bun cannot be told to read no further: so much may wait for the broker, twice the largest packet. */
const unreadBytesMax = 2 * 1024 * 1024;
const subprotocol = 'mqtt';

/** Codes of RFC 6455 section 7.4.1. */
const closeCode = { normal: 1000, protocolError: 1002, unsupportedData: 1003, tryAgainLater: 1013 };

/** The endpoint `/mqtt` of the HTTP port. */
export function mqttOverWebSocket(broker: Pick<Broker, 'handle'>): WebSocketEndpoint {
  return {
    path: '/mqtt',
    upgrade(request, ip) {
      const offered = request.headers.get('sec-websocket-protocol')?.split(',') ?? [];
      // [MQTT-6.0.0-3], and the answer to it [MQTT-6.0.0-4].
      if (!offered.some((name) => name.trim() === subprotocol)) {
        throw new Problem('REQUISICAO_INVALIDA', { detalhe: 'É preciso oferecer o subprotocolo mqtt.' });
      }
      return {
        connection: mqttConnection((stream) => broker.handle(stream, ip, 'websocket')),
        headers: { 'sec-websocket-protocol': subprotocol },
      };
    },
  };
}

/** @param handle false when there is no room for one more. */
function mqttConnection(handle: (stream: Duplex) => boolean): WebSocketConnection {
  let socket: WebSocketPeer | null = null;
  /** The write that waits for the network to take what was sent. */
  let waiting: (() => void) | null = null;
  let code = closeCode.normal;

  function send(bytes: Buffer, done: (error?: Error) => void): void {
    // Of nothing nothing is sent, and `send` would answer 0 as for a connection that is gone.
    const sent = bytes.length === 0 ? 1 : (socket?.send(bytes) ?? 0);
    // Only the drain ends the write: the stream then holds back, and whoever writes learns that the client is slow.
    if (sent === -1) waiting = done;
    else done(sent === 0 ? new Error('the WebSocket is closed') : undefined);
  }

  const stream = new Duplex({
    allowHalfOpen: false,
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => send(chunk, done),
    // aedes writes a packet in pieces: together they are one frame.
    writev: (chunks, done) => send(Buffer.concat(chunks.map(({ chunk }) => chunk)), done),
    destroy: (error, done) => {
      const peer = socket;
      socket = null;
      // A client that reads nothing would not read the closing handshake either.
      if (waiting) peer?.terminate();
      else peer?.close(error && code === closeCode.normal ? closeCode.protocolError : code);
      waiting = null;
      done(null);
    },
  });
  stream.on('error', () => undefined);

  return {
    open(peer) {
      socket = peer;
      code = closeCode.tryAgainLater;
      if (handle(stream)) code = closeCode.normal;
    },
    message(message) {
      if (stream.destroyed) return;
      // [MQTT-6.0.0-1]: binary frames only; where a packet begins and ends in them does not matter [MQTT-6.0.0-2].
      if (typeof message === 'string') code = closeCode.unsupportedData;
      else if (stream.readableLength + message.length > unreadBytesMax) code = closeCode.tryAgainLater;
      else return void stream.push(message);
      stream.destroy();
    },
    drain() {
      const done = waiting;
      waiting = null;
      done?.();
    },
    close() {
      socket = null;
      waiting = null;
      // What has been received is still read before the end.
      if (!stream.destroyed) stream.push(null);
    },
  };
}
