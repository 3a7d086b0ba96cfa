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
