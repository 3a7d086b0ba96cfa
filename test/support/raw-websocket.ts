/** A WebSocket client that sends whatever frames it is told to, as RFC 6455 lays them out. */

import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

export interface RawWebSocket {
  socket: Socket;
  /** The status line and headers of the answer to the upgrade. */
  head: string;
  send(payload: Buffer, options?: { opcode?: number; fin?: boolean }): void;
  /** The payloads of the binary frames so far, joined. */
  received(): Buffer;
  /** Waits for so many bytes of payload. */
  bytes(count: number): Promise<Buffer>;
  /** The code of the server's close frame, or null when it ended without one. */
  closed: Promise<number | null>;
}

/** Asks for an upgrade and resolves with what came of it. */
export async function rawWebSocket(url: string, headers: Record<string, string> = {}): Promise<RawWebSocket> {
  const { hostname, port, pathname } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  const asked = {
    Host: `${hostname}:${port}`,
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Protocol': 'mqtt',
    ...headers,
  };
  const lines = Object.entries(asked).map(([name, value]) => `${name}: ${value}`);
  socket.write(`GET ${pathname} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);

  let rest = Buffer.alloc(0);
  let head: string | null = null;
  let payload = Buffer.alloc(0);
  let closeCode: number | null = null;
  const opened = Promise.withResolvers<void>();
  const listeners = new Set<() => void>();
  const closed = new Promise<number | null>((resolve) => socket.on('close', () => resolve(closeCode)));
  socket.on('close', () => opened.resolve());
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    if (head === null) {
      const end = rest.indexOf('\r\n\r\n');
      if (end === -1) return;
      head = rest.subarray(0, end).toString();
      rest = rest.subarray(end + 4);
      opened.resolve();
    }
    for (let frame = nextFrame(rest); frame; frame = nextFrame(rest)) {
      rest = rest.subarray(frame.bytes);
      if (frame.opcode === opcode.close) closeCode = frame.payload.length >= 2 ? frame.payload.readUInt16BE(0) : null;
      if (frame.opcode === opcode.binary || frame.opcode === opcode.continuation) {
        payload = Buffer.concat([payload, frame.payload]);
      }
    }
    for (const listener of listeners) listener();
  });
  await opened.promise;
  return {
    socket,
    head: head ?? '',
    closed,
    send: (bytes, { opcode: code = opcode.binary, fin = true } = {}) => socket.write(maskedFrame(bytes, code, fin)),
    received: () => payload,
    bytes: (count) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (payload.length < count) return;
          listeners.delete(look);
          resolve(payload);
        };
        listeners.add(look);
        socket.once('close', () => reject(new Error(`the connection ended after ${payload.length} bytes`)));
        look();
      }),
  };
}

function maskedFrame(payload: Buffer, code: number, fin: boolean): Buffer {
  const mask = randomBytes(4);
  const masked = Buffer.from(payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
  const first = (fin ? 0x80 : 0) | code;
  if (payload.length < 126) return Buffer.concat([Buffer.from([first, 0x80 | payload.length]), mask, masked]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(payload.length));
  return Buffer.concat([Buffer.from([first, 0x80 | 127]), length, mask, masked]);
}

function nextFrame(bytes: Buffer): { opcode: number; payload: Buffer; bytes: number } | null {
  if (bytes.length < 2) return null;
  const short = (bytes[1] ?? 0) & 0x7f;
  const extra = short === 127 ? 8 : short === 126 ? 2 : 0;
  if (bytes.length < 2 + extra) return null;
  const length = extra === 8 ? Number(bytes.readBigUInt64BE(2)) : extra === 2 ? bytes.readUInt16BE(2) : short;
  const end = 2 + extra + length;
  if (bytes.length < end) return null;
  return { opcode: (bytes[0] ?? 0) & 0x0f, payload: bytes.subarray(2 + extra, end), bytes: end };
}
