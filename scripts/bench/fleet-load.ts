/**
 * The machines of the fleet bench in one process: `bun fleet-load.ts MQTT-PORT URL TOKEN CUSTOMER BROKER-PID MACHINES.json`.
 * It makes the HTTP calls as well, so that one clock sees the answer and the arrival; prints a FleetResult as JSON.
 */

import { readFileSync } from 'node:fs';
import type { Socket } from 'bun';
import { connectPacket, firstPacket, type Machine, packet, text } from './mqtt-packets';
import { residentMb } from './processes';

export interface FleetResult {
  connectMs: number;
  residentMbBefore: number;
  residentMbAfter: number;
  residentKb: number;
  /** From the HTTP answer of each block to the machine's packet. */
  blockMs: number[];
  allAnswerMs: number;
  /** From the HTTP answer of the customer's block to the last machine's packet. */
  allMs: number;
  heartbeats: number;
  heartbeatsPerSecond: number;
}

interface Peer {
  machine: Machine;
  socket: Socket<Peer> | null;
  rest: Buffer;
  ready(): void;
  /** Hears of a state of the machine. */
  heard: (() => void) | null;
}

const connectingAtOnce = 200;
const heartbeatsAtOnce = 200;
const messageIdMax = 65_535;
const settleMs = 3_000;
const heartbeatEveryMs = 5;
const blocksTotal = 300;
const blockEveryMs = 20;
const waitMsMax = 60_000;
const type = { connack: 0x20, publish: 0x30, puback: 0x40, suback: 0x90, subscribe: 0x82, publishQos1: 0x32 };

const [port = '', url = '', token = '', clienteId = '', brokerPid = '', machinesFile = ''] = process.argv.slice(2);
const machines = JSON.parse(readFileSync(machinesFile, 'utf8')) as Machine[];
let acknowledged = 0;

const peers = machines.map(
  (machine): Peer => ({
    machine,
    socket: null,
    rest: Buffer.alloc(0),
    ready: () => undefined,
    heard: null,
  }),
);
console.log(JSON.stringify(await measure()));
process.exit(0);

async function measure(): Promise<FleetResult> {
  const residentMbBefore = residentMb(brokerPid);
  const connectFrom = performance.now();
  const queue = [...peers];
  await Promise.all(
    Array.from({ length: connectingAtOnce }, async () => {
      for (let peer = queue.pop(); peer; peer = queue.pop()) await open(peer);
    }),
  );
  const connectMs = performance.now() - connectFrom;
  await Bun.sleep(settleMs);
  const residentMbAfter = residentMb(brokerPid);
  await hearEachOnce();
  await Bun.sleep(settleMs);
  const background = startHeartbeats();
  const blockMs: number[] = [];
  for (const peer of peers.slice(0, blocksTotal)) {
    blockMs.push(await blockOne(peer));
    await Bun.sleep(blockEveryMs);
  }
  const all = await blockAll();
  const { heartbeats, seconds } = background.stop();
  return {
    connectMs,
    residentMbBefore,
    residentMbAfter,
    residentKb: ((residentMbAfter - residentMbBefore) * 1_000) / peers.length,
    blockMs,
    ...all,
    heartbeats,
    heartbeatsPerSecond: heartbeats / seconds,
  };
}

/** Connects a machine with a session, subscribed to its state and commands; resolves once it has its state. */
function open(peer: Peer): Promise<void> {
  return new Promise((resolve) => {
    peer.ready = resolve;
    void Bun.connect<Peer>({
      hostname: '127.0.0.1',
      port: Number(port),
      data: peer,
      socket: {
        open: (socket) => {
          peer.socket = socket;
          socket.write(connectPacket(peer.machine, false));
        },
        data: (socket, chunk) => take(socket, chunk),
        close: () => fail('the broker closed a connection'),
        error: (_, error) => fail(error.message),
      },
    });
  });
}

function take(socket: Socket<Peer>, chunk: Buffer): void {
  const peer = socket.data;
  peer.rest = peer.rest.length === 0 ? chunk : Buffer.concat([peer.rest, chunk]);
  for (let found = firstPacket(peer.rest); found; found = firstPacket(peer.rest)) {
    peer.rest = peer.rest.subarray(found.bytes);
    answer(peer, found.type, found.content);
  }
}

function answer(peer: Peer, first: number, content: Buffer): void {
  const kind = first & 0xf0;
  if (kind === type.connack) {
    if (content[1] !== 0) fail(`connection refused: ${content[1]}`);
    const base = `narcidi/v1/maquinas/${peer.machine.id}`;
    const filters = ['estado', 'comandos'].flatMap((name) => [text(`${base}/${name}`), Buffer.of(1)]);
    peer.socket?.write(packet(type.subscribe, [Buffer.of(0, 1), ...filters]));
  }
  if (kind === type.puback) acknowledged += 1;
  if (kind !== type.publish) return;
  const topicBytes = content.readUInt16BE(0);
  peer.socket?.write(packet(type.puback, [content.subarray(2 + topicBytes, 4 + topicBytes)]));
  peer.ready();
  peer.heard?.();
}

/** Every machine is heard once, as those of a fleet are that has been up for a minute; a bounded number at a time. */
async function hearEachOnce(): Promise<void> {
  for (let from = 0; from < peers.length; from += heartbeatsAtOnce) {
    const batch = peers.slice(from, from + heartbeatsAtOnce);
    const wanted = acknowledged + batch.length;
    for (const peer of batch) sendHeartbeat(peer, 1);
    while (acknowledged < wanted) await Bun.sleep(1);
  }
  acknowledged = 0;
}

function sendHeartbeat({ machine, socket }: Peer, messageId: number): void {
  const payload = Buffer.from(JSON.stringify({ cpu: messageId % 100, memoria: 40, disco: 50 }));
  const topic = text(`narcidi/v1/maquinas/${machine.id}/heartbeat`);
  socket?.write(packet(type.publishQos1, [topic, Buffer.of(messageId >> 8, messageId & 0xff), payload]));
}

/** 200 heartbeats a second, each of another machine. */
function startHeartbeats(): { stop(): { heartbeats: number; seconds: number } } {
  const from = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    // As many as are due: timers come late when there is much to do.
    while (sent < (performance.now() - from) / heartbeatEveryMs) {
      const peer = peers[sent % peers.length];
      sent += 1;
      if (peer) sendHeartbeat(peer, (sent % messageIdMax) + 1);
    }
  }, heartbeatEveryMs);
  return {
    stop: () => {
      clearInterval(timer);
      return { heartbeats: acknowledged, seconds: (performance.now() - from) / 1_000 };
    },
  };
}

async function blockOne(peer: Peer): Promise<number> {
  const heard = once(peer);
  await post(`/maquinas/${peer.machine.id}/bloquear`);
  const answeredAt = performance.now();
  return Math.max(0, (await heard) - answeredAt);
}

async function blockAll(): Promise<{ allAnswerMs: number; allMs: number }> {
  const heard = Promise.all(peers.map(once));
  const from = performance.now();
  await post(`/clientes/${clienteId}/bloquear`);
  const answeredAt = performance.now();
  const last = Math.max(...(await heard));
  return { allAnswerMs: answeredAt - from, allMs: Math.max(0, last - answeredAt) };
}

/** When the machine hears next of its state. */
function once(peer: Peer): Promise<number> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => fail('a machine was not told'), waitMsMax);
    peer.heard = () => {
      clearTimeout(timer);
      peer.heard = null;
      resolve(performance.now());
    };
  });
}

async function post(path: string): Promise<void> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ motivo: 'bench' }),
  });
  await response.text();
  if (!response.ok) fail(`${path}: ${response.status}`);
}

function fail(reason: string): never {
  console.error(`fleet-load: ${reason}`);
  process.exit(1);
}
