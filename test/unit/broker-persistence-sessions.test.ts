/** What the broker's persistence promises beyond the suite of aedes: restarts, limits, order, and the end of sessions. */

import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { createBrokerPersistence } from '../../src/storage/lmdb/broker-persistence';
import { openLmdb } from '../../src/storage/lmdb/open';
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

describe('after a restart', () => {
  test('subscriptions match as before', async () => {
    let persistence = await scratch.open();
    await persistence.addSubscriptions(ana, [
      { topic: 'casa/+/luz', qos: 1 },
      { topic: 'casa/#', qos: 0 },
    ]);
    await persistence.addSubscriptions(bia, [{ topic: '#', qos: 2 }]);
    await persistence.removeSubscriptions(bia, ['casa']);
    persistence = await scratch.open();
    expect(await persistence.subscriptionsByClient(ana)).toEqual([
      { topic: 'casa/#', qos: 0 },
      { topic: 'casa/+/luz', qos: 1 },
    ]);
    const matched = await persistence.subscriptionsByTopic('casa/sala/luz');
    expect(matched.map(({ clientId, topic, qos }) => [clientId, topic, qos])).toEqual([
      ['bia', '#', 2],
      ['ana', 'casa/+/luz', 1],
    ]);
    expect(await persistence.countOffline()).toEqual({ subsCount: 2, clientsCount: 2 });
    expect(await all<string>(persistence.getClientList('#'))).toEqual(['bia']);
  });

  test('retained messages are there, except those removed', async () => {
    let persistence = await scratch.open();
    const long = `longo/${'ç'.repeat(5_000)}`;
    for (const topic of ['a', 'a/b', 'ab', long, `${long}x`, 'fora']) {
      await persistence.storeRetained(publish(0, { topic, payload: topic, qos: 0, retain: true }));
    }
    await persistence.storeRetained(publish(0, { topic: 'fora', payload: '', retain: true }));
    persistence = await scratch.open();
    const found = async (filter: string) => payloads(await all(persistence.createRetainedStream(filter)));
    expect(await found('#')).toEqual(['a', 'a/b', 'ab', long, `${long}x`].sort());
    expect(await found('a/#')).toEqual(['a', 'a/b']);
    expect(await found('a/+')).toEqual(['a/b']);
    expect(await found(`${long}x`)).toEqual([`${long}x`]);
    expect(await found('longo/+')).toEqual([long, `${long}x`]);
    expect(payloads(await all(persistence.createRetainedStreamCombi(['ab', 'a'])))).toEqual(['ab', 'a']);
  });

  test('more retained messages than one page come in order', async () => {
    let persistence = await scratch.open();
    const topics = Array.from({ length: 1_000 }, (_, n) => `t/${String(n).padStart(4, '0')}`);
    await Promise.all(topics.map((topic) => persistence.storeRetained(publish(0, { topic, payload: topic, qos: 0 }))));
    persistence = await scratch.open();
    expect(payloads(await all(persistence.createRetainedStream('t/+')))).toEqual(topics);
  });

  test('queues keep their order, messageIds and PUBRELs', async () => {
    let persistence = await scratch.open();
    for (let n = 1; n <= 3; n += 1) await persistence.outgoingEnqueueCombi([order1], publish(n));
    await persistence.outgoingUpdate(ana, publish(1, { messageId: 0 }));
    await persistence.outgoingUpdate(ana, publish(2, { messageId: 65_535, qos: 2 }));
    await persistence.outgoingUpdate(ana, { cmd: 'pubrel', messageId: 65_535 });
    persistence = await scratch.open();
    for (let n = 4; n <= 6; n += 1) await persistence.outgoingEnqueueCombi([order1], publish(n));
    const queue = await all(persistence.outgoingStream(ana));
    expect(queue.map(({ cmd, payload, messageId }) => [cmd, payload && String(payload), messageId])).toEqual([
      ['publish', 'n1', 0],
      ['pubrel', undefined, 65_535],
      ['publish', 'n3', undefined],
      ['publish', 'n4', undefined],
      ['publish', 'n5', undefined],
      ['publish', 'n6', undefined],
    ]);
    expect(await persistence.outgoingClearMessageId(ana, { messageId: 65_535 })).toEqual({
      cmd: 'pubrel',
      messageId: 65_535,
    });
    persistence = await scratch.open();
    expect(payloads(await all(persistence.outgoingStream(ana)))).toEqual(['n1', 'n3', 'n4', 'n5', 'n6']);
  });

  test('QoS 2 packets received are known, and wills are those of the broker that died', async () => {
    let persistence = await scratch.open({}, 'primeira');
    await persistence.incomingStorePacket(ana, publish(1, { messageId: 7, qos: 2 }));
    await persistence.putWill(ana, { topic: 'fim', payload: Buffer.from('adeus'), qos: 0, retain: false });
    persistence = await scratch.open({}, 'segunda');
    await persistence.putWill(bia, { topic: 'fim', payload: Buffer.from('viva'), qos: 0, retain: false });
    expect((await persistence.incomingGetPacket(ana, { messageId: 7 })).topic).toBe('ordem');
    const dead = await all(persistence.streamWill({ segunda: present }));
    expect(dead.map(({ clientId, brokerId, payload }) => [clientId, brokerId, String(payload)])).toEqual([
      ['ana', 'primeira', 'adeus'],
    ]);
    await persistence.delWill(ana);
    await persistence.incomingDelPacket(ana, { messageId: 7 });
    persistence = await scratch.open();
    expect(await persistence.getWill(ana)).toBeUndefined();
    await expect(persistence.incomingGetPacket(ana, { messageId: 7 })).rejects.toThrow('no such packet');
  });

  test('a broker with the id of the last one is refused', async () => {
    await scratch.open({}, 'a mesma');
    await expect(scratch.open({}, 'a mesma')).rejects.toThrow('new id');
  });
});

describe('queues', () => {
  test('lose their oldest packets when there are too many', async () => {
    const drops: [string, number][] = [];
    const limits = { queueMaxPackets: 3 };
    let persistence = await scratch.open({ limits, onDrop: (...drop) => drops.push(drop) });
    for (let n = 1; n <= 5; n += 1) await persistence.outgoingEnqueueCombi([order1], publish(n));
    expect(payloads(await all(persistence.outgoingStream(ana)))).toEqual(['n3', 'n4', 'n5']);
    persistence = await scratch.open({ limits, onDrop: (...drop) => drops.push(drop) });
    await persistence.outgoingEnqueueCombi([order1, { ...order1, clientId: bia.id }], publish(6));
    expect(payloads(await all(persistence.outgoingStream(ana)))).toEqual(['n4', 'n5', 'n6']);
    expect(payloads(await all(persistence.outgoingStream(bia)))).toEqual(['n6']);
    expect(drops).toEqual([
      ['ana', 1],
      ['ana', 1],
      ['ana', 1],
    ]);
  });

  test('lose their oldest packets when they are too large', async () => {
    const drops: number[] = [];
    const persistence = await scratch.open({
      limits: { queueMaxBytes: 10_000 },
      onDrop: (_, count) => drops.push(count),
    });
    const payload = Buffer.alloc(3_000);
    for (let n = 1; n <= 3; n += 1) await persistence.outgoingEnqueueCombi([order1], publish(n, { payload }));
    await persistence.outgoingEnqueueCombi([order1], publish(4, { payload: Buffer.alloc(9_000) }));
    expect(drops).toEqual([3]);
    await persistence.outgoingEnqueueCombi([order1], publish(5, { payload: Buffer.alloc(11_000) }));
    const queue = await all(persistence.outgoingStream(ana));
    expect(queue.map(({ brokerCounter }) => brokerCounter)).toEqual([4]);
    expect(drops).toEqual([3, 1]);
  });

  test('let a packet be sent that newer ones displaced before it was', async () => {
    const persistence = await scratch.open({ limits: { queueMaxPackets: 2 } });
    for (let n = 1; n <= 4; n += 1) await persistence.outgoingEnqueueCombi([order1], publish(n));
    await persistence.outgoingUpdate(ana, publish(1, { messageId: 1 }));
    await expect(persistence.outgoingUpdate(ana, publish(9, { messageId: 9 }))).rejects.toThrow('no such packet');
    await persistence.outgoingUpdate(ana, { cmd: 'pubrel', messageId: 99 });
    expect(payloads(await all(persistence.outgoingStream(ana)))).toEqual(['n3', 'n4']);
  });

  test('hold a packet once for a client with several matching subscriptions, with the highest QoS of them', async () => {
    const persistence = await scratch.open();
    const recipients = [order1, { ...order1, topic: '#', qos: 2 }, { ...order1, clientId: bia.id }];
    await persistence.outgoingEnqueueCombi(recipients, publish(1, { qos: 2, retain: true }));
    const queued = [...(await all(persistence.outgoingStream(ana))), ...(await all(persistence.outgoingStream(bia)))];
    expect(queued.map(({ qos, retain }) => [qos, retain])).toEqual([
      [2, false],
      [1, false],
    ]);
  });

  test('are read as they are when a packet has its turn, without what came later', async () => {
    const persistence = await scratch.open();
    for (let n = 1; n <= 100; n += 1) await persistence.outgoingEnqueueCombi([order1], publish(n));
    const seen: string[] = [];
    for await (const packet of persistence.outgoingStream(ana)) {
      seen.push(String(packet.payload));
      if (seen.length > 1) continue;
      await persistence.outgoingUpdate(ana, publish(100, { messageId: 100 }));
      await persistence.outgoingClearMessageId(ana, { messageId: 100 });
      await persistence.outgoingEnqueueCombi([order1], publish(101));
    }
    expect(seen).toEqual(Array.from({ length: 99 }, (_, n) => `n${n + 1}`));
  });

  test('tell of packets on their way to the disk', async () => {
    const persistence = await scratch.open();
    const first = persistence.outgoingEnqueueCombi([order1], publish(1));
    await new Promise<void>((resolve) => setImmediate(resolve));
    const second = persistence.outgoingEnqueueCombi([order1], publish(2));
    await first;
    expect(payloads(await all(persistence.outgoingStream(ana)))).toEqual(['n1', 'n2']);
    await second;
  });

  test('of very many clients get a packet that is for all of them, in order', async () => {
    let persistence = await scratch.open();
    const everybody = Array.from({ length: 1_200 }, (_, n) => ({ clientId: `c${n}` }));
    const last = { id: 'c1199' };
    await Promise.all([
      persistence.outgoingEnqueueCombi(everybody, publish(1)),
      persistence.outgoingEnqueueCombi([{ clientId: last.id }], publish(2)),
    ]);
    expect(payloads(await all(persistence.outgoingStream(last)))).toEqual(['n1', 'n2']);
    persistence = await scratch.open();
    expect(payloads(await all(persistence.outgoingStream(last)))).toEqual(['n1', 'n2']);
    for (const { clientId } of everybody.slice(0, -1)) {
      expect(payloads(await all(persistence.outgoingStream({ id: clientId })))).toEqual(['n1']);
    }
  });

  test('end with the session', async () => {
    let persistence = await scratch.open();
    await persistence.addSubscriptions(ana, [{ topic: 'ordem', qos: 1 }]);
    await persistence.outgoingEnqueueCombi([order1], publish(1));
    await persistence.incomingStorePacket(ana, publish(2, { messageId: 1, qos: 2 }));
    await persistence.cleanSubscriptions(ana);
    await persistence.cleanIncoming(ana);
    persistence = await scratch.open();
    expect(await all(persistence.outgoingStream(ana))).toEqual([]);
    expect(await persistence.countOffline()).toEqual({ subsCount: 0, clientsCount: 0 });
    scratch.clock.epochMs += 365 * dayMs;
    expect(await persistence.sweepSessions(scratch.clock.now())).toBe(0);
  });
});

describe('QoS 2 packets received', () => {
  test('are known before they are on the disk, and gone before they have left it', async () => {
    const persistence = await scratch.open();
    const packet = publish(1, { messageId: 1, qos: 2 });
    const storing = persistence.incomingStorePacket(ana, packet);
    expect((await persistence.incomingGetPacket(ana, packet)).messageId).toBe(1);
    await storing;
    const deleting = persistence.incomingDelPacket(ana, packet);
    await expect(persistence.incomingGetPacket(ana, packet)).rejects.toThrow('no such packet');
    await deleting;
  });

  test('on their way to the disk end with the session', async () => {
    const persistence = await scratch.open();
    const packet = publish(1, { messageId: 1, qos: 2 });
    await Promise.all([
      persistence.incomingStorePacket(ana, packet),
      persistence.incomingStorePacket({ id: 'anab' }, packet),
      persistence.cleanIncoming(ana),
    ]);
    await expect(persistence.incomingGetPacket(ana, packet)).rejects.toThrow('no such packet');
    expect((await persistence.incomingGetPacket({ id: 'anab' }, packet)).messageId).toBe(1);
  });

  test('need a messageId', async () => {
    const persistence = await scratch.open();
    for (const messageId of [undefined, -1, 0.5, 65_536]) {
      await expect(persistence.incomingStorePacket(ana, publish(1, { messageId }))).rejects.toThrow('no messageId');
    }
  });
});

describe('publishes', () => {
  test('go on in the order of their numbers, whatever way they take', async () => {
    const persistence = await scratch.open();
    const done: number[] = [];
    const retained = publish(1, { retain: true });
    const first = persistence
      .storeRetained(retained)
      .then(() => persistence.outgoingEnqueueCombi([order1], retained).then(() => done.push(1)));
    const second = persistence.outgoingEnqueueCombi([order1], publish(2)).then(() => done.push(2));
    const third = persistence.outgoingEnqueueCombi([], publish(3)).then(() => done.push(3));
    await Promise.all([first, second, third]);
    expect(done).toEqual([1, 2, 3]);
  });

  test('do not wait for a retained message that nobody enqueues', async () => {
    const persistence = await scratch.open();
    const retained = publish(1, { retain: true });
    await Promise.all([persistence.storeRetained(retained), persistence.storeRetained(retained)]);
    await persistence.outgoingEnqueueCombi([order1], publish(2));
  });
});

describe('sessions', () => {
  test('unused for 30 days are removed with all that belongs to them, and no other', async () => {
    let persistence = await scratch.open();
    for (const client of [ana, bia]) {
      await persistence.addSubscriptions(client, [{ topic: 'ordem', qos: 1 }]);
      await persistence.outgoingEnqueueCombi([{ clientId: client.id }], publish(1));
      await persistence.incomingStorePacket(client, publish(2, { messageId: 1, qos: 2 }));
    }
    scratch.clock.epochMs += 10 * dayMs;
    await persistence.touch(bia.id);
    await persistence.touch('ninguém');
    expect(await persistence.sweepSessions(present + 30 * dayMs - 1)).toBe(0);
    expect(await persistence.sweepSessions(present + 30 * dayMs)).toBe(1);
    expect(await persistence.sweepSessions(present + 30 * dayMs)).toBe(0);
    persistence = await scratch.open();
    expect(await persistence.subscriptionsByClient(ana)).toEqual([]);
    expect(await all(persistence.outgoingStream(ana))).toEqual([]);
    await expect(persistence.incomingGetPacket(ana, { messageId: 1 })).rejects.toThrow('no such packet');
    expect(await persistence.subscriptionsByClient(bia)).toEqual([{ topic: 'ordem', qos: 1 }]);
    expect(payloads(await all(persistence.outgoingStream(bia)))).toEqual(['n1']);
    expect((await persistence.subscriptionsByTopic('ordem')).map(({ clientId }) => clientId)).toEqual(['bia']);
  });

  test('of connected clients are in use', async () => {
    const root = openLmdb(join(scratch.folder, 'conectadas'));
    const persistence = createBrokerPersistence({ root, clock: scratch.clock });
    await persistence.setup({ id: 'broker', clients: { ana: {} } });
    await persistence.addSubscriptions(ana, [{ topic: 'ordem', qos: 1 }]);
    expect(await persistence.sweepSessions(present + 40 * dayMs)).toBe(0);
    expect(await persistence.subscriptionsByClient(ana)).toHaveLength(1);
    await persistence.destroy();
    await root.close();
  });

  test('are removed a hundred a call', async () => {
    const persistence = await scratch.open();
    const clients = Array.from({ length: 150 }, (_, n) => ({ id: `c${n}` }));
    await Promise.all(clients.map((client) => persistence.addSubscriptions(client, [{ topic: 'x', qos: 1 }])));
    const later = present + 31 * dayMs;
    expect([
      await persistence.sweepSessions(later),
      await persistence.sweepSessions(later),
      await persistence.sweepSessions(later),
    ]).toEqual([100, 50, 0]);
  });

  test('hold only subscriptions that the client may have, and so many', async () => {
    const persistence = await scratch.open({
      limits: { subscriptionsMax: 2 },
      maySubscribe: (clientId, filter) => filter.startsWith(`${clientId}/`),
    });
    const topics = ['ana/1', 'bia/1', '#', 'ana/2', 'ana/3'];
    await persistence.addSubscriptions(
      ana,
      topics.map((topic) => ({ topic, qos: 1 })),
    );
    await persistence.addSubscriptions(ana, [{ topic: 'ana/2', qos: 2 }]);
    expect(await persistence.subscriptionsByClient(ana)).toEqual([
      { topic: 'ana/1', qos: 1 },
      { topic: 'ana/2', qos: 2 },
    ]);
  });
});
