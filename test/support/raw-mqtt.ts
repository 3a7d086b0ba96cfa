/** MQTT packets as bytes, and connections that send whatever bytes they are told to. */

import { connect, type Socket } from 'node:net';
import { generate, type Packet } from 'mqtt-packet';
import type { Answer } from './app';

/** A machine's CONNECT; fields replace its own. */
export function connectPacket(activation: Answer['body'], fields: object = {}): Buffer {
  const { client_id, usuario, senha } = activation.mqtt;
  return generate({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clientId: client_id,
    clean: true,
    keepalive: 30,
    username: usuario,
    password: Buffer.from(senha),
    ...fields,
  } as Packet);
}

export function publishPacket(topic: string, payload: string | Buffer, messageId?: number): Buffer {
  const qos = messageId === undefined ? 0 : 1;
  return generate({
    cmd: 'publish',
    topic,
    payload,
    qos,
    dup: false,
    retain: false,
    ...(messageId === undefined ? {} : { messageId }),
  });
}

/** A packet of any content: type and flags, remaining length, the rest as it is. */
export function packet(firstByte: number, ...content: (Buffer | number[] | string)[]): Buffer {
  const body = Buffer.concat(content.map((part) => (Array.isArray(part) ? Buffer.from(part) : Buffer.from(part))));
  const length: number[] = [];
  for (let rest = body.length; rest > 0 || length.length === 0; rest = Math.floor(rest / 128)) {
    length.push((rest % 128) + (rest >= 128 ? 128 : 0));
  }
  return Buffer.concat([Buffer.from([firstByte, ...length]), body]);
}

/** Bytes with their length before them, as MQTT writes strings. */
export function mqttString(value: string | Buffer | number[]): Buffer {
  const bytes = Array.isArray(value) ? Buffer.from(value) : Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

/** A raw connection; `closed` resolves with all that came back once the broker ends it. */
export function raw(mqttUrl: string, bytes: readonly Buffer[]): { socket: Socket; closed: Promise<Buffer> } {
  const { hostname, port } = new URL(mqttUrl);
  const socket = connect(Number(port), hostname);
  const received: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => received.push(chunk));
  socket.on('error', () => undefined);
  for (const chunk of bytes) socket.write(chunk);
  return { socket, closed: new Promise((resolve) => socket.on('close', () => resolve(Buffer.concat(received)))) };
}
