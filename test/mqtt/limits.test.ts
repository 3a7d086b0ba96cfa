/** How much a client may ask of the broker, and that nobody else pays for one who asks for more. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Socket } from 'node:net';
import mqtt, { type MqttClient } from 'mqtt';
import {
  type Answer,
  activate,
  connectMachine,
  createLicenca,
  eventually,
  nextMessage,
  startServer,
  type TestServer,
} from '../support/app';
import { connectPacket, mqttString, packet, publishPacket, raw } from '../support/raw-mqtt';
import { rawWebSocket } from '../support/raw-websocket';

const connectionsMax = 12;
let server: TestServer;
/** A connection that says nothing, from the beginning. */
let silent: { socket: Socket; closed: Promise<Buffer> };
beforeAll(async () => {
  server = await startServer({
    NARCIDI_RATE_LIMIT: 'on',
    NARCIDI_MQTT_CONNECTIONS: String(connectionsMax),
    NARCIDI_MQTT_PUBLISH_RATE: '10',
  });
  silent = raw(server.mqttUrl, []);
});
afterAll(() => server.stop());

interface Machine {
  activation: Answer['body'];
  id: string;
  base: string;
}

async function newMachine(): Promise<Machine> {
  const { licenca } = await createLicenca(server);
  const { body } = await activate(server, licenca.chave);
  return { activation: body, id: body.maquina.id, base: `narcidi/v1/maquinas/${body.maquina.id}` };
}

/** Several connections of one machine: all but one with an empty client id. */
function anonymous({ activation }: Machine): Promise<MqttClient> {
  const { url, usuario: username, senha: password } = activation.mqtt;
  return mqtt.connectAsync(url, { clientId: '', clean: true, username, password, reconnectPeriod: 0 });
}

/** Waits until so many bytes have come. */
function bytesOf(socket: Socket, count: number): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const collect = (chunk: Buffer): void => {
      chunks.push(chunk);
      const all = Buffer.concat(chunks);
      if (all.length < count) return;
      socket.off('data', collect);
      resolve(all);
    };
    socket.on('data', collect);
  });
}

/** A machine hears a block: the broker serves it. */
async function hearsBlock({ id, base }: Machine, client: MqttClient): Promise<void> {
  await client.subscribeAsync(`${base}/estado`, { qos: 1 });
  const heard = nextMessage(client, `${base}/estado`, (payload) => payload.bloqueada);
  await server.call('POST', `/maquinas/${id}/bloquear`, { motivo: 'x' });
  await heard;
}

async function closeAll(clients: readonly MqttClient[]): Promise<void> {
  const closed = clients.map((client) => new Promise<void>((resolve) => client.once('close', () => resolve())));
  for (const client of clients) client.end();
  await Promise.all(closed);
}

describe('connections', () => {
  test('of one machine are four at most, and one that goes makes room', async () => {
    const machine = await newMachine();
    const clients: MqttClient[] = [];
    for (let n = 0; n < 4; n += 1) clients.push(await anonymous(machine));
    const refused = await anonymous(machine).then(
      () => 0,
      (error: { code: number }) => error.code,
    );
    expect(refused).toBe(3);
    await closeAll(clients.splice(0, 1));
    // The server may hear of the end a moment later.
    for (let connected = false; !connected; ) {
      connected = await anonymous(machine).then(
        (client) => clients.push(client) > 0,
        () => false,
      );
    }
    await closeAll(clients);
  });

  test('are so many at most, and one that goes makes room', async () => {
    const machines = [await newMachine(), await newMachine(), await newMachine()];
    const clients: MqttClient[] = [];
    // One is the silent one.
    while (clients.length < connectionsMax - 1) {
      const machine = machines[clients.length % machines.length];
      if (machine) clients.push(await anonymous(machine));
    }
    const { socket, closed } = raw(server.mqttUrl, []);
    expect((await closed).length).toBe(0);
    socket.destroy();
    await closeAll(clients);
    const again = await newMachine();
    const client = await connectMachine(again.activation);
    await hearsBlock(again, client);
    await closeAll([client]);
  });

  test('that say nothing are closed', async () => {
    expect((await silent.closed).length).toBe(0);
  });
});

describe('subscriptions', () => {
  const subscribe = (id: number, filters: string[]) =>
    packet(0x82, [id >> 8, id & 0xff], ...filters.flatMap((filter) => [mqttString(filter), [1]]));

  test('are 64 at most, and unsubscribing gives back', async () => {
    const machine = await newMachine();
    const client = await connectMachine(machine.activation);
    const codes = async (filter: string): Promise<number> =>
      client.subscribeAsync(filter, { qos: 1 }).then(
        ([granted]) => granted?.qos ?? -1,
        () => 128,
      );
    for (let n = 0; n < 64; n += 1) expect(await codes(`${machine.base}/${n}`)).toBe(1);
    expect(await codes(`${machine.base}/64`)).toBe(128);
    expect(await codes(`${machine.base}/0`)).toBe(1);
    for (let n = 0; n < 3; n += 1) {
      await client.unsubscribeAsync(`${machine.base}/0`);
      expect(await codes(`${machine.base}/0`)).toBe(1);
      expect(await codes(`${machine.base}/x`)).toBe(128);
    }
    await closeAll([client]);
  });

  test('of a session taken up again count as well', async () => {
    const machine = await newMachine();
    const options = { clean: false };
    const client = await connectMachine(machine.activation, options);
    await client.subscribeAsync(
      Array.from({ length: 64 }, (_, n) => `${machine.base}/${n}`),
      { qos: 1 },
    );
    await closeAll([client]);
    const again = await connectMachine(machine.activation, options);
    const refused = await again.subscribeAsync(`${machine.base}/x`, { qos: 1 }).then(
      ([granted]) => granted?.qos,
      () => 128,
    );
    expect(refused).toBe(128);
    await closeAll([again]);
  });

  test('a hundred thousand, own and foreign, are answered one by one or end the connection; nobody else notices', async () => {
    const machine = await newMachine();
    const witness = await newMachine();
    const client = await connectMachine(witness.activation);
    for (const clean of [true, false]) {
      const { socket, closed } = raw(server.mqttUrl, [connectPacket(machine.activation, { clean })]);
      await bytesOf(socket, 4);
      const packets = Array.from({ length: 100 }, (_, p) =>
        subscribe(
          p + 1,
          Array.from({ length: 1_000 }, (_, n) => (n % 2 ? `${machine.base}/${p}/${n}` : `x/${p}/${n}`)),
        ),
      );
      socket.write(Buffer.concat(packets));
      // Each SUBACK: type, length in two bytes, packet id, a code for each filter.
      const answers = await bytesOf(socket, 100 * 1_005);
      const codes = [...answers].filter((byte, at) => at % 1_005 >= 5 && byte !== 0x80);
      expect(codes.length).toBe(64);
      socket.destroy();
      await closed;
    }
    const all = raw(server.mqttUrl, [connectPacket(machine.activation)]);
    await bytesOf(all.socket, 4);
    all.socket.write(
      subscribe(
        1,
        Array.from({ length: 100_000 }, (_, n) => `x/${n}`),
      ),
    );
    await all.closed;
    await hearsBlock(witness, client);
    await closeAll([client]);
  });
});

describe('a machine that publishes', () => {
  function heartbeats({ base }: Machine, count: number): Buffer[] {
    const payload = JSON.stringify({ cpu: 1, memoria: 2, disco: 3 });
    return Array.from({ length: count }, (_, n) => publishPacket(`${base}/heartbeat`, payload, n + 1));
  }

  test('faster than it may has to wait, and loses nothing', async () => {
    const machine = await newMachine();
    const { socket, closed } = raw(server.mqttUrl, [connectPacket(machine.activation)]);
    await bytesOf(socket, 4);
    // A hundred at once are free, ten a second after them.
    socket.write(Buffer.concat(heartbeats(machine, 110)));
    const answers = await bytesOf(socket, 110 * 4);
    const ids = Array.from({ length: 110 }, (_, n) => answers.readUInt16BE(n * 4 + 2));
    expect(ids.sort((a, b) => a - b)).toEqual(Array.from({ length: 110 }, (_, n) => n + 1));
    socket.end(packet(0xe0));
    await closed;
  });

  test('so much that it would wait for long is ended; nobody else notices', async () => {
    const machine = await newMachine();
    const witness = await newMachine();
    const client = await connectMachine(witness.activation);
    const { socket, closed } = raw(server.mqttUrl, [connectPacket(machine.activation)]);
    await bytesOf(socket, 4);
    // The last would have its turn after half a minute.
    socket.write(Buffer.concat(heartbeats(machine, 450)));
    await hearsBlock(witness, client);
    await closed;
    await closeAll([client]);
  });

  test('and never reads is ended, and holds up nobody meanwhile', async () => {
    const machine = await newMachine();
    const witness = await newMachine();
    const client = await connectMachine(witness.activation);
    const { socket, closed } = raw(server.mqttUrl, [
      connectPacket(machine.activation),
      packet(0x82, [0, 1], mqttString(`${machine.base}/conexao`), [1]),
    ]);
    await bytesOf(socket, 4 + 5);
    socket.pause();
    const long = JSON.stringify({ conectada: true, sessao: 's'.repeat(900_000) });
    const message = publishPacket(`${machine.base}/conexao`, long);
    // More than the buffers of the kernel on both sides hold, and what the broker keeps for a slow client.
    for (let n = 0; n < 40; n += 1) socket.write(message);
    await hearsBlock(witness, client);
    await eventually(
      async () => socket.destroyed,
      (ended) => ended,
    );
    socket.resume();
    await closed;
    await closeAll([client]);
  });

  test('and never reads is ended over WebSocket as well', async () => {
    const machine = await newMachine();
    const witness = await newMachine();
    const client = await connectMachine(witness.activation);
    const peer = await rawWebSocket(`${server.url.replace('http', 'ws')}/mqtt`);
    peer.send(connectPacket(machine.activation));
    peer.send(packet(0x82, [0, 1], mqttString(`${machine.base}/conexao`), [1]));
    await peer.bytes(4 + 5);
    peer.socket.pause();
    const long = JSON.stringify({ conectada: true, sessao: 's'.repeat(90_000) });
    const message = publishPacket(`${machine.base}/conexao`, long);
    // Piece by piece, so that what is ended is a client that does not read, not one that sends too much at once.
    let ended = false;
    peer.socket.once('error', () => {
      ended = true;
    });
    for (let n = 0; n < 90 && !ended && !peer.socket.destroyed; n += 1) {
      peer.send(message);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await hearsBlock(witness, client);
    await eventually(
      async () => {
        // Whoever is gone answers with a reset.
        if (!peer.socket.destroyed) peer.send(message);
        return peer.socket.destroyed;
      },
      (gone) => gone,
    );
    peer.socket.resume();
    await peer.closed;
    await closeAll([client]);
  });
});
