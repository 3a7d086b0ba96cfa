/** A full disk, odd topics, and the environment the broker's persistence is in. */

import { afterEach, beforeEach, describe, expect, spyOn, test } from 'bun:test';
import { join } from 'node:path';
import { open } from 'lmdb';
import { createBrokerPersistence } from '../../src/storage/lmdb/broker-persistence';
import { all, payloads, present, publish, type Scratch, scratchPersistence } from './broker-persistence-support';

const dayMs = 86_400_000;

let scratch: Scratch;
beforeEach(() => {
  scratch = scratchPersistence();
});
afterEach(() => scratch.remove());

const ana = { id: 'ana' };
const bia = { id: 'bia' };
const order1 = { clientId: ana.id, topic: 'ordem', qos: 1 };

describe('a disk that takes nothing more', () => {
  test('fails every write, and leaves everything as it was', async () => {
    let persistence = await scratch.open();
    await persistence.addSubscriptions(ana, [{ topic: 'ordem', qos: 1 }]);
    for (const n of [1, 2]) await persistence.outgoingEnqueueCombi([order1], publish(n));
    await persistence.outgoingUpdate(ana, publish(1, { messageId: 1 }));
    await persistence.incomingStorePacket(ana, publish(0, { messageId: 7, qos: 2 }));
    await persistence.putWill(ana, { topic: 'fim', payload: 'adeus' });

    const databases = Object.getPrototypeOf(scratch.root());
    const full = () => Promise.reject(new Error('no space'));
    const spies = [
      spyOn(databases, 'put').mockImplementation(full),
      spyOn(databases, 'remove').mockImplementation(full),
    ];
    const attempts = [
      persistence.addSubscriptions(bia, [{ topic: '#', qos: 1 }]),
      persistence.addSubscriptions(ana, [{ topic: 'ordem', qos: 2 }]),
      persistence.removeSubscriptions(ana, ['ordem']),
      persistence.outgoingEnqueueCombi([order1, { ...order1, clientId: bia.id }], publish(3)),
      persistence.outgoingUpdate(ana, publish(2, { messageId: 2, qos: 2 })),
      persistence.outgoingClearMessageId(ana, { messageId: 1 }),
      persistence.incomingStorePacket(ana, publish(0, { messageId: 8, qos: 2 })),
      persistence.incomingDelPacket(ana, { messageId: 7 }),
      persistence.delWill(ana),
      persistence.cleanSubscriptions(ana),
      persistence.cleanIncoming(ana),
      persistence.storeRetained(publish(0, { topic: 'x', retain: true })),
    ];
    const outcomes = await Promise.allSettled(attempts);
    expect(outcomes.map(({ status }) => status)).toEqual(attempts.map(() => 'rejected'));
    for (const spy of spies) spy.mockRestore();

    for (const reopen of [false, true]) {
      if (reopen) persistence = await scratch.open();
      expect(await persistence.subscriptionsByClient(ana)).toEqual([{ topic: 'ordem', qos: 1 }]);
      expect(await persistence.subscriptionsByTopic('ordem')).toHaveLength(1);
      expect(await persistence.countOffline()).toEqual({ subsCount: 1, clientsCount: 1 });
      const queue = await all(persistence.outgoingStream(ana));
      expect(queue.map(({ payload, messageId }) => [String(payload), messageId])).toEqual([
        ['n1', 1],
        ['n2', undefined],
      ]);
      expect(await all(persistence.outgoingStream(bia))).toEqual([]);
      expect((await persistence.incomingGetPacket(ana, { messageId: 7 })).messageId).toBe(7);
      await expect(persistence.incomingGetPacket(ana, { messageId: 8 })).rejects.toThrow('no such packet');
      expect((await persistence.getWill(ana))?.payload).toBe('adeus');
      expect(await all(persistence.createRetainedStream('#'))).toEqual([]);
    }
    await persistence.outgoingEnqueueCombi([order1], publish(4));
    expect(payloads(await all(persistence.outgoingStream(ana)))).toEqual(['n1', 'n2', 'n4']);
    expect(await persistence.sweepSessions(present + 31 * dayMs)).toBe(1);
  });
});

describe('topics', () => {
  test.each([
    ['+/luz', '/luz', true],
    ['#', '$SYS/x', false],
    ['+/x', '$SYS/x', false],
    ['$SYS/#', '$SYS/x', true],
    ['a/#', 'a', true],
    ['a/+', 'a', false],
    ['a/+', 'a/', true],
    ['a/b', 'a/b/c', false],
  ])('%s matches %s: %p', async (filter, topic, matches) => {
    const persistence = await scratch.open();
    await persistence.addSubscriptions(ana, [{ topic: filter, qos: 1 }]);
    await persistence.storeRetained(publish(0, { topic, qos: 0 }));
    expect(await persistence.subscriptionsByTopic(topic)).toHaveLength(matches ? 1 : 0);
    expect(await all(persistence.createRetainedStream(filter))).toHaveLength(matches ? 1 : 0);
    await persistence.removeSubscriptions(ana, [filter]);
    expect(await persistence.subscriptionsByTopic(topic)).toEqual([]);
  });

  test('of 65,535 levels are no trouble', async () => {
    const persistence = await scratch.open();
    const topic = '/'.repeat(65_534);
    await persistence.addSubscriptions(ana, [{ topic, qos: 1 }]);
    expect(await persistence.subscriptionsByTopic(topic)).toHaveLength(1);
  });
});

describe('the environment', () => {
  test('must wait for the disk', async () => {
    const root = open({ path: join(scratch.folder, 'sem-espera'), overlappingSync: true });
    expect(() => createBrokerPersistence({ root, clock: scratch.clock })).toThrow('overlappingSync');
    await root.close();
  });

  test('may be closed after destroy, and nothing touches it then', async () => {
    const persistence = await scratch.open();
    const writing = persistence.outgoingEnqueueCombi([order1], publish(1));
    const stream = persistence.createRetainedStream('#');
    await scratch.open();
    await writing;
    await expect(persistence.getWill(ana)).resolves.toBeUndefined();
    await expect(persistence.addSubscriptions(ana, [{ topic: 'x', qos: 1 }])).rejects.toThrow('closed');
    await expect(all(stream)).rejects.toThrow('closed');
    await expect(persistence.destroy()).rejects.toThrow('twice');
  });

  test('refuses a value of a format it does not know', async () => {
    let persistence = await scratch.open();
    await persistence.storeRetained(publish(0, { topic: 'x', qos: 0 }));
    const retained = scratch
      .root()
      .openDB<Buffer, Buffer>({ name: 'mqtt-retained', keyEncoding: 'binary', encoding: 'binary' });
    await retained.put(Buffer.from('x'), Buffer.of(2, 0, 0, 0, 0, 0, 0, 0));
    persistence = await scratch.open();
    await expect(all(persistence.createRetainedStream('x'))).rejects.toThrow('unknown format');
  });
});
