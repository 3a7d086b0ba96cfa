/**
 * The same ten behaviours as in paho.test.ts, as far as a machine may act on its own topics: with the policy of the product,
 * and so against the executable too. What a machine may not do (clear a retained state, publish below `$`) is refused there.
 */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { IConnectPacket } from 'mqtt-packet';
import { activate, createLicenca, eventually, startServer, type TestServer } from '../support/app';
import { mqttPeer, type Peer } from '../support/mqtt-peer';
import { mqttString, packet, raw } from '../support/raw-mqtt';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

interface Machine {
  id: string;
  url: string;
  topic(name: string): string;
  connect(fields?: Partial<IConnectPacket>): Promise<Peer>;
  /** Has the server send a command. @returns its id. */
  command(): Promise<string>;
}

async function machine(): Promise<Machine> {
  const { licenca } = await createLicenca(server);
  const { body } = await activate(server, licenca.chave);
  const { url, client_id: clientId, usuario: username, senha } = body.mqtt;
  const password = Buffer.from(senha);
  const { id } = body.maquina;
  return {
    id,
    url,
    topic: (name) => `narcidi/v1/maquinas/${id}/${name}`,
    connect: (fields = {}) => mqttPeer(Number(new URL(url).port), { clientId, username, password, ...fields }),
    command: async () =>
      (await server.call('POST', `/maquinas/${id}/comandos`, { tipo: 'mensagem', dados: { texto: 'Olá' } })).body.id,
  };
}

const connection = (sessao: string, conectada = true) => JSON.stringify({ conectada, sessao });
/** How many the server has, by its metrics. */
async function connections(): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(/^narcidi_mqtt_connections (\d+)$/m.exec(text)?.[1]);
}

/** The ids of the commands among what has come. */
const commandsOf = ({ messages }: Peer): string[] =>
  messages.filter(({ topic }) => topic.endsWith('/comandos')).map(({ payload }) => JSON.parse(String(payload)).id);

test('basic: messages of three QoS come back, each once', async () => {
  const { connect, topic } = await machine();
  const client = await connect();
  expect(await client.subscribe({ [topic('conexao')]: 2 })).toEqual([2]);
  for (const qos of [0, 1, 2] as const) await client.publish(topic('conexao'), connection(`s${qos}`), qos);
  expect((await client.arrived(3)).map(({ qos, payload }) => [qos, JSON.parse(String(payload)).sessao])).toEqual([
    [0, 's0'],
    [1, 's1'],
    [2, 's2'],
  ]);
  await client.unsubscribe(topic('conexao'));
  await client.publish(topic('conexao'), connection('s3'), 1);
  await client.ping();
  expect(client.messages).toHaveLength(3);
  await client.disconnect();
});

test('retained: there for later subscribers, marked as such, at their QoS', async () => {
  const { connect, topic } = await machine();
  const first = await connect();
  await first.publish(topic('conexao'), connection('s1'), 1, true);
  await first.disconnect();
  for (const qos of [1, 0] as const) {
    const later = await connect();
    await later.subscribe({ [topic('conexao')]: qos });
    expect((await later.arrived(1)).map((message) => [message.retain, message.qos, String(message.payload)])).toEqual([
      [true, qos, connection('s1')],
    ]);
    await later.disconnect();
  }
});

test('zero-length client id: refused with a session, taken without one', async () => {
  const { url, connect } = await machine();
  const emptyWithSession = packet(0x10, mqttString('MQTT'), [4, 0, 0, 60], mqttString(''));
  expect((await raw(url, [emptyWithSession]).closed).toString('hex')).toBe('20020002');
  const client = await connect({ clientId: '' });
  expect([client.connack.returnCode, client.connack.sessionPresent]).toEqual([0, false]);
  await client.disconnect();
});

test('offline queueing: commands given meanwhile are there on return, in order', async () => {
  const { connect, topic, command } = await machine();
  const client = await connect({ clean: false });
  await client.subscribe({ [topic('comandos')]: 1 });
  await client.disconnect();
  const ids = [await command(), await command(), await command()];
  const back = await connect({ clean: false });
  expect(back.connack.sessionPresent).toBe(true);
  await back.arrived(3);
  expect(commandsOf(back)).toEqual(ids);
  await back.disconnect();
  const clean = await connect();
  expect(clean.connack.sessionPresent).toBe(false);
  await clean.disconnect();
});

test('overlapping subscriptions: one message, at the highest QoS granted', async () => {
  const { connect, topic, command } = await machine();
  for (const filters of [
    { [topic('#')]: 1, [topic('comandos')]: 0 },
    { [topic('comandos')]: 0, [topic('+')]: 1 },
  ] as const) {
    const client = await connect();
    await client.subscribe(filters);
    const id = await command();
    while (!commandsOf(client).includes(id)) await client.arrived(client.messages.length + 1);
    await client.ping();
    const told = client.messages.filter(({ payload }) => String(payload).includes(id));
    expect(told.map(({ qos }) => qos)).toEqual([1]);
    await client.disconnect();
  }
});

test('keepalive: who says nothing for one and a half times as long is cut off', async () => {
  const { connect, topic } = await machine();
  const will = {
    topic: topic('conexao'),
    payload: Buffer.from(connection('s1', false)),
    qos: 1 as const,
    retain: true,
  };
  const silent = await connect({ keepalive: 1, will });
  const from = performance.now();
  await silent.closed;
  expect(performance.now() - from).toBeGreaterThan(1_000);
  const witness = await connect();
  await witness.subscribe({ [topic('conexao')]: 1 });
  expect(String((await witness.arrived(1))[0]?.payload)).toBe(connection('s1', false));
  await witness.disconnect();
});

test('redelivery on reconnect: a command that was not acknowledged comes again, marked as a duplicate', async () => {
  const { connect, topic, command } = await machine();
  const client = await connect({ clean: false });
  await client.subscribe({ [topic('comandos')]: 1 });
  client.acknowledges = false;
  const id = await command();
  const [first] = await client.arrived(1);
  await client.vanish();
  const back = await connect({ clean: false });
  const [again] = await back.arrived(1);
  expect(commandsOf(back)).toEqual([id]);
  expect([again?.messageId, again?.dup]).toEqual([first?.messageId, true]);
  await back.ping();
  await back.disconnect();
  const third = await connect({ clean: false });
  await third.ping();
  expect(commandsOf(third)).toEqual([]);
  await third.disconnect();
});

test('subscribe failure: 0x80, and the others of the same packet are granted', async () => {
  const [{ connect, topic }, other] = [await machine(), await machine()];
  const client = await connect();
  expect(await client.subscribe({ [other.topic('estado')]: 1 })).toEqual([0x80]);
  expect(await client.subscribe({ [topic('estado')]: 1, '#': 0, [topic('comandos')]: 0 })).toEqual([1, 0x80, 0]);
  await client.disconnect();
});

test('$-topics: are nobody’s to hear, and whoever speaks there is cut off', async () => {
  const { connect, topic } = await machine();
  const client = await connect();
  expect(await client.subscribe({ '$SYS/#': 1, [topic('#')]: 1 })).toEqual([0x80, 1]);
  await client.ping();
  expect(client.messages.filter((message) => message.topic.startsWith('$'))).toEqual([]);
  client.publish('$SYS/x', 'x', 0).catch(() => undefined);
  await client.closed;
});

test('will: published when the machine is lost, not when it says goodbye', async () => {
  const { connect, topic } = await machine();
  const will = {
    topic: topic('conexao'),
    payload: Buffer.from(connection('lost', false)),
    qos: 1 as const,
    retain: true,
  };
  const retained = async (): Promise<string[]> => {
    const witness = await connect();
    await witness.subscribe({ [topic('conexao')]: 1 });
    await witness.ping();
    await witness.disconnect();
    return witness.messages.map(({ payload }) => String(payload));
  };
  const polite = await connect({ will });
  await polite.publish(topic('conexao'), connection('here'), 1, true);
  await polite.disconnect();
  expect(await retained()).toEqual([connection('here')]);
  const lost = await connect({ will });
  await lost.publish(topic('conexao'), connection('lost'), 1, true);
  await lost.vanish();
  // Who comes back before the server has noticed takes the connection over: then that will is of a session that has passed.
  await eventually(connections, (count) => count === 0);
  expect(await retained()).toEqual([connection('lost', false)]);
});
