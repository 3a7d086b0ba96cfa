/** What the broker's persistence has said is stored is there after kill -9, and a session survives its broker. */

import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Aedes, type PublishPacket } from 'aedes';
import type { RootDatabase } from 'lmdb';
import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import { type BrokerPersistence, createBrokerPersistence } from '../../src/storage/lmdb/broker-persistence';
import { openLmdb } from '../../src/storage/lmdb/open';
import { all } from '../unit/broker-persistence-support';
import { clients } from './broker-persistence-child';

const killAfterLines = 15_000;
const clock = { now: () => Date.now() };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'narcidi-broker-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('kill -9', () => {
  test('loses nothing that was said to be stored, and brings back nothing acknowledged', async () => {
    const code = `import { storeForEver } from './broker-persistence-child'; await storeForEver(process.argv[1]);`;
    const child = Bun.spawn([process.execPath, '-e', code, folder], {
      cwd: import.meta.dir,
      stdout: 'pipe',
      stderr: 'inherit',
    });
    const said = { stored: new Set<number>(), retained: new Set<number>(), acknowledged: new Set<number>() };
    let lines = 0;
    let rest = '';
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = parts.pop() ?? '';
      for (const [what, number] of parts.map((line) => line.split(' '))) {
        if (what === 'stored' || what === 'retained' || what === 'acknowledged') said[what].add(Number(number));
      }
      lines += parts.length;
      if (lines >= killAfterLines) child.kill('SIGKILL');
    }
    await child.exited;
    expect(child.signalCode).toBe('SIGKILL');

    const root = openLmdb(folder);
    const persistence = createBrokerPersistence({ root, clock });
    await persistence.setup({ id: crypto.randomUUID() });
    const queued: number[] = [];
    for (const id of clients) {
      const numbers = (await all(persistence.outgoingStream({ id }))).map(({ payload }) => Number(String(payload)));
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
      queued.push(...numbers);
      expect(await persistence.subscriptionsByClient({ id })).toEqual([{ topic: `${id}/#`, qos: 1 }]);
    }
    const there = new Set(queued);
    const { stored, retained, acknowledged } = said;
    // An acknowledgement may have been stored without there having been time to say so.
    const due = [...stored].filter((number) => number % 3 !== 0);
    expect(due.filter((number) => !there.has(number))).toEqual([]);
    expect([...acknowledged].filter((number) => there.has(number))).toEqual([]);
    expect(acknowledged.size).toBeGreaterThan(1_000);
    const topics = new Set((await all(persistence.createRetainedStream('estado/+'))).map(({ topic }) => topic));
    expect([...retained].filter((number) => !topics.has(`estado/${number}`))).toEqual([]);
    expect((await all(persistence.streamWill())).map(({ clientId }) => clientId)).toEqual(clients);
    await persistence.destroy();
    await root.close();
  }, 60_000);
});

/** A broker on a port of its own, over the environment in the folder. */
interface RunningBroker {
  aedes: Aedes;
  port: number;
  persistence: BrokerPersistence;
  stop(): Promise<void>;
}

async function startBroker(
  options: ConstructorParameters<typeof Aedes>[0] = {},
  own: Partial<Parameters<typeof createBrokerPersistence>[0]> = {},
): Promise<RunningBroker> {
  const root: RootDatabase = openLmdb(folder);
  const persistence = createBrokerPersistence({ root, clock, ...own });
  const aedes = await Aedes.createBroker({ persistence, ...options });
  const server: Server = createServer((socket) => aedes.handle(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (!address || typeof address === 'string') throw new Error('no port');
  return {
    aedes,
    port: address.port,
    persistence,
    async stop() {
      await new Promise<void>((resolve) => aedes.close(resolve));
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await persistence.destroy();
      await root.close();
    },
  };
}

const session: IClientOptions = { clientId: 'ana', clean: false, reconnectPeriod: 0 };

/** Connects, and collects what comes from the first packet on. */
async function connect(port: number, options: IClientOptions) {
  const received: { topic: string; text: string; packet: IPublishPacket }[] = [];
  let wake = (): void => {};
  const client: MqttClient = mqtt.connect({ host: '127.0.0.1', port, ...options });
  client.on('message', (topic, payload, packet) => {
    received.push({ topic, text: payload.toString(), packet });
    wake();
  });
  const sessionPresent = await new Promise<boolean>((resolve, reject) => {
    client.on('connect', (packet) => resolve(packet.sessionPresent));
    client.on('error', reject);
  });
  return {
    client,
    received,
    sessionPresent,
    /** Waits for so many messages, and gives their texts. */
    async texts(count: number): Promise<string[]> {
      while (received.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return received.map(({ text }) => text);
    },
  };
}

function publish(
  broker: RunningBroker,
  packet: Pick<PublishPacket, 'topic' | 'payload' | 'qos' | 'retain'>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    broker.aedes.publish({ cmd: 'publish', dup: false, ...packet }, (error) => (error ? reject(error) : resolve()));
  });
}

const ended = (client: MqttClient): Promise<void> => client.endAsync();

describe('aedes over this persistence', () => {
  test.each([1, 2] as const)('delivers what was queued at QoS %i before a restart, once and in order', async (qos) => {
    let broker = await startBroker();
    const before = await connect(broker.port, session);
    await before.client.subscribeAsync('ordens/+', { qos });
    await ended(before.client);
    const publisher = await connect(broker.port, { reconnectPeriod: 0 });
    const expected = Array.from({ length: 200 }, (_, n) => `ordem ${n}`);
    for (const text of expected) await publisher.client.publishAsync('ordens/x', text, { qos });
    await ended(publisher.client);
    await broker.stop();

    broker = await startBroker();
    const after = await connect(broker.port, session);
    expect(after.sessionPresent).toBe(true);
    expect(await after.texts(200)).toEqual(expected);
    expect(after.received.every(({ packet }) => packet.qos === qos && !packet.retain)).toBe(true);
    await queueEmpty(broker);
    await ended(after.client);
    await broker.stop();
  });

  test('delivers a burst of every kind of message to a connected client, none taken for a duplicate', async () => {
    const broker = await startBroker();
    const machine = await connect(broker.port, session);
    await machine.client.subscribeAsync('m/#', { qos: 1 });
    const kinds = [
      { qos: 1, retain: true },
      { qos: 1, retain: false },
      { qos: 0, retain: false },
      { qos: 0, retain: true },
    ] as const;
    const expected = Array.from({ length: 400 }, (_, n) => String(n));
    await Promise.all(
      expected.map((payload, n) => publish(broker, { topic: `m/${n}`, payload, ...(kinds[n % 4] ?? kinds[0]) })),
    );
    expect(await machine.texts(400)).toEqual(expected);
    await queueEmpty(broker);
    await ended(machine.client);
    await broker.stop();
  });

  test('keeps a connected client when more comes than a queue holds', async () => {
    const broker = await startBroker();
    const machine = await connect(broker.port, session);
    await machine.client.subscribeAsync('m', { qos: 1 });
    const sending = Array.from({ length: 3_000 }, (_, n) =>
      publish(broker, { topic: 'm', payload: String(n), qos: 1, retain: false }),
    );
    expect(await machine.texts(3_000)).toHaveLength(3_000);
    await Promise.all(sending);
    expect(machine.client.connected).toBe(true);
    await ended(machine.client);
    await broker.stop();
  });

  test('queues nothing for a topic that was refused in the same packet as one that was not', async () => {
    const maySubscribe = (_: string, filter: string): boolean => filter.startsWith('ana/');
    const broker = await startBroker(
      {
        authorizeSubscribe: (client, subscription, done) =>
          done(null, maySubscribe(client.id, subscription.topic) ? subscription : null),
      },
      { maySubscribe },
    );
    const machine = await connect(broker.port, session);
    await machine.client.subscribeAsync(['bia/x', 'ana/x'], { qos: 1 }).catch(() => {});
    await ended(machine.client);
    await publish(broker, { topic: 'bia/x', payload: 'de bia', qos: 1, retain: false });
    await publish(broker, { topic: 'ana/x', payload: 'de ana', qos: 1, retain: false });
    const after = await connect(broker.port, session);
    expect(await after.texts(1)).toEqual(['de ana']);
    await queueEmpty(broker);
    expect(after.received).toHaveLength(1);
    await ended(after.client);
    await broker.stop();
  });

  test('publishes the wills of a broker that died', async () => {
    const first = await startBroker();
    await first.persistence.putWill(
      { id: 'ana' },
      { topic: 'fim/ana', payload: Buffer.from('caiu'), qos: 1, retain: false },
    );
    await first.stop();
    const second = await startBroker({ heartbeatInterval: 50 });
    const watcher = await connect(second.port, { reconnectPeriod: 0 });
    await watcher.client.subscribeAsync('fim/+', { qos: 1 });
    expect(await watcher.texts(1)).toEqual(['caiu']);
    await ended(watcher.client);
    await second.stop();
  });

  test('forgets a session when its client asks for a clean one', async () => {
    let broker = await startBroker();
    const before = await connect(broker.port, session);
    await before.client.subscribeAsync('ordens', { qos: 1 });
    await ended(before.client);
    await new Promise<void>((resolve, reject) => {
      const packet = {
        cmd: 'publish' as const,
        topic: 'ordens',
        payload: 'x',
        qos: 1 as const,
        dup: false,
        retain: false,
      };
      broker.aedes.publish(packet, (error) => (error ? reject(error) : resolve()));
    });
    const clean = await connect(broker.port, { ...session, clean: true });
    await ended(clean.client);
    await broker.stop();
    broker = await startBroker();
    const after = await connect(broker.port, session);
    expect(after.sessionPresent).toBe(false);
    expect(await all(broker.persistence.outgoingStream({ id: 'ana' }))).toEqual([]);
    await ended(after.client);
    await broker.stop();
  });
});

/** Waits until every packet has been acknowledged. */
async function queueEmpty(broker: RunningBroker): Promise<void> {
  const acknowledged = (): Promise<void> => new Promise((resolve) => broker.aedes.once('ack', () => resolve()));
  for (;;) {
    const next = acknowledged();
    if ((await all(broker.persistence.outgoingStream({ id: 'ana' }))).length === 0) return;
    await next;
  }
}
