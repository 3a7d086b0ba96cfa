/**
 * The MQTT load generator: `bun mqtt-load.ts PORT BROKER-PID SECONDS FROM MACHINES.json` keeps 20 QoS 1 heartbeats in
 * flight on each connection and prints how many were acknowledged a second, as JSON. Packets are built by hand and
 * reused, so that the generator costs little beside the broker it measures. Every heartbeat has a time of its own,
 * counted from FROM (epoch ms): with equal times a server may store two as one, and would be measured storing less.
 */

import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { connectPacket, type Machine, packet, text } from './mqtt-packets';
import { cpuSeconds } from './processes';

const inFlight = 20;
const warmUpMs = 1_000;
const drainMs = 500;
/** One for each millisecond of a second, so that a packet sent again needs another second only. */
const packetsPerConnection = 1_000;
const publishQos1Type = 0x32;
const pubackType = 0x40;
const pubackBytes = 4;
const connackBytes = 4;
/** `2026-11-24T14:05:00`, and what follows it to the end of the packet: `.123Z"}`. */
const secondBytes = 19;
const afterSecondBytes = 7;

const [port = '', brokerPid = '', seconds = '', from = '', machinesFile = ''] = process.argv.slice(2);
const machines = JSON.parse(readFileSync(machinesFile, 'utf8')) as Machine[];
let sending = true;
let acknowledged = 0;
let acknowledgedOfFirst = 0;

await Promise.all(machines.map(open));
await Bun.sleep(warmUpMs);
const before = { acknowledged, at: performance.now(), broker: cpuSeconds(brokerPid), own: cpuSeconds('self') };
await Bun.sleep(Number(seconds) * 1_000);
const elapsed = (performance.now() - before.at) / 1_000;
const measured = {
  perSecond: Math.round((acknowledged - before.acknowledged) / elapsed),
  brokerCpu: (cpuSeconds(brokerPid) - before.broker) / elapsed,
  generatorCpu: (cpuSeconds('self') - before.own) / elapsed,
};
sending = false;
// What is in flight is acknowledged too, so that what was acknowledged can be compared with what was stored.
await Bun.sleep(drainMs);
console.log(JSON.stringify({ ...measured, acknowledgedOfFirst }));
process.exit(0);

/** Connects a machine and publishes as fast as its acknowledgements come. */
function open(machine: Machine, index: number): Promise<void> {
  return new Promise((resolve) => {
    const nextBatch = heartbeats(machine.id);
    const socket = connect(Number(port), '127.0.0.1');
    socket.setNoDelay(true);
    socket.on('error', (error) => fail(error.message));
    socket.on('close', () => fail('the broker closed a connection'));
    socket.write(connectPacket(machine));
    let received = 0;
    socket.on('data', (chunk: Buffer) => {
      const start = received;
      received += chunk.length;
      checkTypes(chunk, start);
      // One CONNACK, then nothing but PUBACKs: as long as each other, so whole packets are counted by division.
      let acks = Math.floor(received / pubackBytes) - Math.floor(start / pubackBytes);
      if (start < connackBytes && received >= connackBytes) {
        acks += inFlight - 1;
        acknowledged -= inFlight;
        if (index === 0) acknowledgedOfFirst -= inFlight;
        resolve();
      }
      if (acks === 0) return;
      acknowledged += acks;
      if (index === 0) acknowledgedOfFirst += acks;
      if (sending) socket.write(nextBatch(acks));
    });
  });
}

/** Ends the process when what came is not a CONNACK that accepts, followed by PUBACKs. */
function checkTypes(chunk: Buffer, start: number): void {
  if (start < connackBytes && start + chunk.length >= connackBytes && chunk[connackBytes - 1 - start] !== 0) {
    fail('connection refused');
  }
  const first = Math.max(Math.ceil(start / pubackBytes) * pubackBytes, connackBytes) - start;
  for (let at = first; at < chunk.length; at += pubackBytes) if (chunk[at] !== pubackType) fail('not a PUBACK');
}

function fail(reason: string): never {
  console.error(`mqtt-load: ${reason}`);
  process.exit(1);
}

/** The publishes of one machine. @returns a function that answers the next `count` of them as one buffer. */
function heartbeats(id: string): (count: number) => Buffer {
  const topic = text(`narcidi/v1/maquinas/${id}/heartbeat`);
  const packets = Array.from({ length: packetsPerConnection }, (_, n) => {
    const em = `${secondOf(0)}.${String(n).padStart(3, '0')}Z`;
    const payload = Buffer.from(JSON.stringify({ cpu: n % 100, memoria: (n * 7) % 100, disco: 48.5, em }));
    const messageId = Buffer.from([(n + 1) >> 8, (n + 1) & 0xff]);
    return packet(publishQos1Type, [topic, messageId, payload]);
  });
  let next = 0;
  let second = Buffer.from(secondOf(0));
  return (count) => {
    const batch: Buffer[] = [];
    for (let n = 0; n < count; n += 1) {
      const index = next % packetsPerConnection;
      if (index === 0) second = Buffer.from(secondOf(next / packetsPerConnection));
      next += 1;
      const publish = packets[index];
      if (!publish) continue;
      publish.set(second, publish.length - afterSecondBytes - secondBytes);
      batch.push(publish);
    }
    return Buffer.concat(batch);
  };
}

/** The time of a lap of packets, to the second. */
function secondOf(lap: number): string {
  const start = Math.floor(Number(from) / 1_000);
  return new Date((start + lap) * 1_000).toISOString().slice(0, secondBytes);
}
