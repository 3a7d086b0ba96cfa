/**
 * Random and mutated packets over TCP and WebSocket: the broker stays up, and witnesses, one of them over WebSocket, notice
 * nothing. NARCIDI_FUZZ_SECONDS says for how long (10).
 */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import fc from 'fast-check';
import mqtt, { type MqttClient } from 'mqtt';
import { type Answer, activate, createLicenca, nextMessage, startServer, type TestServer } from '../support/app';
import { type Noise, noise } from '../support/mqtt-noise';
import { raw } from '../support/raw-mqtt';
import { rawWebSocket } from '../support/raw-websocket';

const seconds = Number(process.env.NARCIDI_FUZZ_SECONDS ?? 10);
const attackersAtOnce = 16;
const answerMsMax = 10_000;

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

const sent = { connections: 0, packets: 0, bytes: 0 };

async function newMachine(): Promise<Answer['body']> {
  const { licenca } = await createLicenca(server);
  return (await activate(server, licenca.chave)).body;
}

function connectTo(url: string, { mqtt: { client_id: clientId, usuario: username, senha: password } }: Answer['body']) {
  return mqtt.connectAsync(url, { clientId, username, password, reconnectPeriod: 0, keepalive: 5 });
}

/** Fails when a promise takes longer than a client would wait. */
function inTime<T>(what: string, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${what}: no answer`)), answerMsMax);
    promise.finally(() => clearTimeout(timer)).then(resolve, reject);
  });
}

/** Publishes heartbeats one after the other until told to stop. @returns how many were acknowledged. */
async function witnessHeartbeats(client: MqttClient, topic: string, going: () => boolean): Promise<number> {
  const from = Date.now() - 3_600_000;
  let acknowledged = 0;
  while (going()) {
    const em = new Date(from + acknowledged * 1_000).toISOString();
    const body = JSON.stringify({ cpu: acknowledged % 100, memoria: 2, disco: 3, em });
    await inTime('heartbeat', client.publishAsync(topic, body, { qos: 1 }));
    acknowledged += 1;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return acknowledged;
}

/** Is blocked and freed by turns, and hears of each. */
async function witnessBlocks(client: MqttClient, machine: Answer['body'], going: () => boolean): Promise<number> {
  const { topicos } = machine.mqtt;
  await client.subscribeAsync(topicos.estado, { qos: 1 });
  let blocked = false;
  let heard = 0;
  while (going()) {
    blocked = !blocked;
    const state = nextMessage(client, topicos.estado, ({ bloqueada }) => bloqueada === blocked);
    await server.call('POST', `/maquinas/${machine.maquina.id}/${blocked ? 'bloquear' : 'desbloquear'}`, {
      motivo: 'x',
    });
    await inTime('block', state);
    heard += 1;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return heard;
}

async function attack({ pieces, packets, websocket, goodbye }: Noise): Promise<void> {
  sent.connections += 1;
  sent.packets += packets;
  for (const piece of pieces) sent.bytes += piece.length;
  if (websocket) {
    const peer = await rawWebSocket(`${server.url.replace('http', 'ws')}/mqtt`);
    for (const piece of pieces) peer.send(piece);
    peer.socket.end();
    await inTime('end of a WebSocket', peer.closed);
    return;
  }
  const { socket, closed } = raw(server.mqttUrl, []);
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (goodbye) socket.write(Buffer.from([0xe0, 0]));
  socket.end();
  await inTime('end of a connection', closed);
}

test(
  'whatever is sent, others notice nothing',
  async () => {
    const [one, two, three, victim] = [await newMachine(), await newMachine(), await newMachine(), await newMachine()];
    const [tcp, ws, listener] = [
      await connectTo(server.mqttUrl, one),
      await connectTo(`${server.url.replace('http', 'ws')}/mqtt`, two),
      await connectTo(server.mqttUrl, three),
    ];
    const lost: string[] = [];
    for (const [name, client] of Object.entries({ tcp, ws, listener })) client.on('close', () => lost.push(name));
    let going = true;
    const witnesses = Promise.all([
      witnessHeartbeats(tcp, one.mqtt.topicos.heartbeat, () => going),
      witnessHeartbeats(ws, two.mqtt.topicos.heartbeat, () => going),
      witnessBlocks(listener, three, () => going),
    ]);
    witnesses.catch(() => undefined);
    await fc.assert(
      fc.asyncProperty(
        fc.array(noise(victim, one.maquina.id), { minLength: attackersAtOnce, maxLength: attackersAtOnce }),
        async (attacks) => {
          await Promise.all(attacks.map(attack));
          expect(lost).toEqual([]);
        },
      ),
      {
        numRuns: 1_000_000,
        interruptAfterTimeLimit: seconds * 1_000,
        markInterruptAsFailure: false,
        endOnFailure: true,
      },
    );
    going = false;
    const [acknowledged, acknowledgedOverWs, heard] = await witnesses;
    expect(lost).toEqual([]);
    // What was acknowledged is there, and nobody else's words are.
    for (const [machine, count] of [
      [one, acknowledged],
      [two, acknowledgedOverWs],
    ] as const) {
      const csv = await server.call(
        'GET',
        `/maquinas/${machine.maquina.id}/export?de=${new Date(Date.now() - 7_200_000).toISOString()}`,
      );
      expect(String(csv.body).trim().split('\n').length - 1).toBe(count);
    }
    console.info(
      `fuzz: ${sent.connections} connections, ${sent.packets} packets, ${(sent.bytes / 1e6).toFixed(1)} MB in ${seconds} s; witnesses: ${acknowledged} + ${acknowledgedOverWs} heartbeats, ${heard} blocks`,
    );
    for (const client of [tcp, ws, listener]) {
      client.removeAllListeners('close');
      await client.endAsync();
    }
  },
  seconds * 1_000 + 60_000,
);
