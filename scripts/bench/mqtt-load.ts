/**
 * The MQTT load generator: `bun mqtt-load.ts PORT SECONDS MACHINES.json` keeps 20 QoS 1 heartbeats in flight on each
 * connection and prints how many were acknowledged a second. Packets are built once and written raw, so that the
 * generator costs little beside the broker it measures.
 */

import { readFileSync } from 'node:fs';
import { connect, type Socket as NetSocket } from 'node:net';
import { generate } from 'mqtt-packet';

interface Machine {
  id: string;
  token: string;
}

const inFlight = 20;
const warmUpMs = 1_000;
const pubackFirstByte = 0x40;
const pubackBytes = 4;
const connackBytes = 4;

const [port, seconds, machinesFile] = process.argv.slice(2);
const machines = JSON.parse(readFileSync(machinesFile ?? '', 'utf8')) as Machine[];
let acknowledged = 0;

const sockets = await Promise.all(machines.map(open));
await new Promise((resolve) => setTimeout(resolve, warmUpMs));
const before = acknowledged;
const startedAt = performance.now();
await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1_000));
console.log(
  JSON.stringify({ perSecond: Math.round((acknowledged - before) / ((performance.now() - startedAt) / 1_000)) }),
);
for (const socket of sockets) socket.destroy();

function open({ id, token }: Machine): Promise<NetSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1');
    socket.setNoDelay(true);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the broker closed a connection')));
    socket.write(
      generate({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: 4,
        clientId: id,
        clean: true,
        keepalive: 60,
        username: id,
        password: Buffer.from(token),
      }),
    );
    const publishes = heartbeats(id);
    let next = 0;
    let connected = false;
    let partial = 0;
    socket.on('data', (chunk: Buffer) => {
      let length = chunk.length;
      if (!connected) {
        if (chunk[3] !== 0) return reject(new Error(`connection refused: ${chunk[3]}`));
        connected = true;
        length -= connackBytes;
        socket.write(Buffer.concat(publishes.slice(0, inFlight)));
        next = inFlight;
        resolve(socket);
      }
      // Only PUBACKs come back here, of four bytes each.
      if (length > 0 && partial === 0 && chunk[chunk.length - length] !== pubackFirstByte)
        reject(new Error('not a PUBACK'));
      const acks = Math.floor((partial + length) / pubackBytes);
      partial = (partial + length) % pubackBytes;
      acknowledged += acks;
      if (acks === 0) return;
      const batch: Buffer[] = [];
      for (let n = 0; n < acks; n += 1) {
        const publish = publishes[next % publishes.length];
        if (publish) batch.push(publish);
        next += 1;
      }
      socket.write(Buffer.concat(batch));
    });
  });
}

/** A thousand publishes with message ids and loads of their own, used in turn. */
function heartbeats(id: string): Buffer[] {
  const topic = `narcidi/v1/maquinas/${id}/heartbeat`;
  return Array.from({ length: 1_000 }, (_, n) =>
    generate({
      cmd: 'publish',
      topic,
      payload: JSON.stringify({ cpu: n % 100, memoria: (n * 7) % 100, disco: 48.5 }),
      qos: 1,
      messageId: n + 1,
      dup: false,
      retain: false,
    }),
  );
}
