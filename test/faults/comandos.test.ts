import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { generate, type Packet, parser } from 'mqtt-packet';
import { activate, adminClient, createLicenca, eventually } from '../support/app';
import { scratch, serve } from '../support/executable';

const machines = 1_000;
const atOnce = 50;
/** Of these machines the connection breaks before they acknowledge anything. */
const forgetful = 100;

let folder: ReturnType<typeof scratch>;
beforeAll(() => {
  folder = scratch();
});
afterAll(() => folder.remove());

interface Machine {
  id: string;
  token: string;
}

/** Runs work for every item, a bounded number at a time. */
async function forEach<T>(items: readonly T[], work: (item: T, index: number) => Promise<void>): Promise<void> {
  const queue = [...items.entries()];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) await work(next[1], next[0]);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

interface Delivery {
  id: string;
  dup: boolean;
}

/** A machine's stored session over a raw connection, so that the test decides what is acknowledged. */
async function session(url: string, { id, token }: Machine, acknowledge: boolean) {
  const { hostname, port } = new URL(url);
  const socket: Socket = connect(Number(port), hostname);
  const deliveries: Delivery[] = [];
  const packets = parser();
  const waiting: { test: () => boolean; resolve: () => void }[] = [];
  const seen: Packet[] = [];
  const send = (packet: object): void => void socket.write(generate(packet as Packet));
  packets.on('packet', (packet) => {
    seen.push(packet);
    if (packet.cmd === 'publish') {
      deliveries.push({ id: JSON.parse(packet.payload.toString()).id, dup: packet.dup });
      if (acknowledge) send({ cmd: 'puback', messageId: packet.messageId });
    }
    for (const entry of waiting.splice(0)) {
      if (entry.test()) entry.resolve();
      else waiting.push(entry);
    }
  });
  socket.on('data', (chunk: Buffer) => packets.parse(chunk));
  socket.on('error', () => undefined);
  const until = (condition: () => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      if (condition()) return resolve();
      const timer = setTimeout(() => reject(new Error(`${id} waited in vain`)), 30_000);
      waiting.push({
        test: condition,
        resolve: () => {
          clearTimeout(timer);
          resolve();
        },
      });
    });
  const comes = (cmd: Packet['cmd']) => until(() => seen.some((packet) => packet.cmd === cmd));
  send({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clientId: id,
    clean: false,
    keepalive: 0,
    username: id,
    password: Buffer.from(token),
  });
  await comes('connack');
  const connack = seen.find((packet) => packet.cmd === 'connack');
  return {
    deliveries,
    present: connack?.cmd === 'connack' && connack.sessionPresent,
    until,
    async subscribe(): Promise<void> {
      const topic = `narcidi/v1/maquinas/${id}/comandos`;
      send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 1 }] });
      await comes('suback');
    },
    /** Whatever was on its way has come once the answer to a ping has. */
    async ping(): Promise<void> {
      send({ cmd: 'pingreq' });
      await comes('pingresp');
    },
    /** Says goodbye, after what was acknowledged has been heard. */
    async leave(): Promise<void> {
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
      send({ cmd: 'disconnect' });
      await closed;
    },
    break: (): void => void socket.destroy(),
  };
}

describe('kill -9 with 1,000 offline machines holding queued commands', () => {
  test('each gets its own and nobody else’s after the restart, again until acknowledged, and then no more', async () => {
    const data = join(folder.path, 'comandos');
    const first = await serve(data);
    const api = { call: await adminClient(first.url) };
    const { licenca } = await createLicenca(api, { limite_maquinas: machines });
    const fleet: Machine[] = [];
    await forEach(Array.from({ length: machines }), async () => {
      const { body } = await activate(api, licenca.chave);
      fleet.push({ id: body.maquina.id, token: body.token });
    });
    await forEach(fleet, async (machine) => {
      const opened = await session(first.mqtt, machine, true);
      await opened.subscribe();
      await opened.leave();
    });
    const expected = new Map<string, string[]>(fleet.map(({ id }) => [id, []]));
    for (const dados of [{ texto: 'um' }, { texto: 'dois' }]) {
      const filtro = { licenca_id: licenca.id };
      const { body } = await api.call('POST', '/maquinas/comandos', { filtro, tipo: 'mensagem', dados });
      expect(body).toMatchObject({ total: machines, feitas: machines });
      for (const { id, comando_id } of body.itens) expected.get(id)?.push(comando_id);
    }
    // At once: some are in the broker's queues by now, others only in the database.
    await first.signal('SIGKILL');

    const second = await serve(data);
    const idsOf = (deliveries: Delivery[]) => [...new Set(deliveries.map(({ id }) => id))].sort();
    const wrong: unknown[] = [];
    await forEach(fleet, async (machine, index) => {
      const mine = [...(expected.get(machine.id) ?? [])].sort();
      const all = (deliveries: Delivery[]) => () => mine.every((id) => deliveries.some((one) => one.id === id));
      if (index < forgetful) {
        const broken = await session(second.mqtt, machine, false);
        await broken.until(all(broken.deliveries));
        broken.break();
      }
      const back = await session(second.mqtt, machine, true);
      await back.until(all(back.deliveries));
      await back.ping();
      if (!back.present) wrong.push([machine.id, 'its session was lost']);
      if (idsOf(back.deliveries).join() !== mine.join()) wrong.push([machine.id, back.deliveries, mine]);
      if (index < forgetful && !back.deliveries.some(({ dup }) => dup)) wrong.push([machine.id, 'not marked DUP']);
      await back.leave();
    });
    expect(wrong).toEqual([]);

    // What was acknowledged does not come again.
    const again: Delivery[] = [];
    await forEach(fleet.slice(0, forgetful), async (machine) => {
      const once = await session(second.mqtt, machine, true);
      await once.ping();
      again.push(...once.deliveries);
      await once.leave();
    });
    expect(again).toEqual([]);
    const after = { call: await adminClient(second.url) };
    for (const { id } of fleet.slice(0, 20)) {
      const { itens } = await eventually(
        async () => (await after.call('GET', `/maquinas/${id}/comandos`)).body,
        (body) => body.itens.every(({ status }: { status: string }) => status === 'recebido'),
      );
      expect(itens).toHaveLength(2);
    }
    expect(await second.signal('SIGTERM')).toBe(0);
  }, 120_000);
});
