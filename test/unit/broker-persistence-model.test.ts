/** Whatever is asked of it in whatever order, through restarts, the persistence answers as aedes' own in memory does. */

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { BrokerPersistence } from '../../src/storage/lmdb/broker-persistence';
import {
  all,
  type CommonPersistence,
  memoryPersistence,
  type Packet,
  publish,
  scratchPersistence,
} from './broker-persistence-support';

const clients = ['ana', 'an', 'ana maria'] as const;
const levels = ['a', 'b', 'ç'] as const;
const topics = levels.flatMap((first) => [first, ...levels.map((second) => `${first}/${second}`)]);
const filters = [...topics, '#', '+', 'a/#', '+/b', 'a/+', '+/+', '+/#'];

const client = fc.constantFrom(...clients);
const topic = fc.constantFrom(...topics);
const filter = fc.constantFrom(...filters);
const messageId = fc.integer({ min: 1, max: 4 });
const place = fc.nat(4);

const command = fc.oneof(
  fc.record({
    kind: fc.constant('subscribe'),
    client,
    subs: fc.array(fc.record({ topic: filter, qos: fc.integer({ min: 0, max: 2 }) }), { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant('unsubscribe'), client, topics: fc.array(filter, { maxLength: 3 }) }),
  fc.record({ kind: fc.constant('clean'), client }),
  fc.record({
    kind: fc.constant('enqueue'),
    to: fc.uniqueArray(client, { minLength: 1 }),
    topic,
    qos: fc.constantFrom(1, 2),
  }),
  fc.record({
    kind: fc.constant('enqueue'),
    to: fc.uniqueArray(client, { minLength: 1 }),
    topic,
    qos: fc.constantFrom(1, 2),
  }),
  fc.record({ kind: fc.constant('send'), client, place }),
  fc.record({ kind: fc.constant('received'), client, place }),
  fc.record({ kind: fc.constant('acknowledge'), client, place }),
  fc.record({ kind: fc.constant('store incoming'), client, messageId, topic }),
  fc.record({ kind: fc.constant('get incoming'), client, messageId }),
  fc.record({ kind: fc.constant('delete incoming'), client, messageId }),
  fc.record({ kind: fc.constant('clean incoming'), client }),
  fc.record({ kind: fc.constant('retain'), topic, payload: fc.constantFrom('', 'x', 'y') }),
  fc.record({ kind: fc.constant('put will'), client, topic }),
  fc.record({ kind: fc.constant('delete will'), client }),
  fc.record({ kind: fc.constant('wait') }),
  fc.record({ kind: fc.constant('next turn') }),
  fc.record({ kind: fc.constant('restart') }),
);
type Command = typeof command extends fc.Arbitrary<infer C> ? C : never;

/** What a test knows of a queued packet, to name it again. */
interface Queued {
  packet: Packet;
  messageId: number | undefined;
  released: boolean;
}

/** Both persistences, asked the same. */
function pair() {
  const scratch = scratchPersistence();
  const memory = memoryPersistence();
  const queues = new Map<string, Queued[]>(clients.map((id) => [id, []]));
  let answers: Promise<unknown>[] = [];
  let stored: BrokerPersistence;
  let counter = 0;
  let nextMessageId = 1;
  let brokers = 0;

  async function restart(): Promise<void> {
    await settle();
    brokers += 1;
    stored = await scratch.open({}, `broker ${brokers}`);
    await memory.setup({ id: `broker ${brokers}` });
  }

  /** Asks both without waiting, so that many calls are on their way at once. */
  function ask(question: (persistence: CommonPersistence) => Promise<unknown>): void {
    const outcome = (answer: Promise<unknown>) =>
      answer.then(
        (value) => ({ value }),
        (error: Error) => ({ error: error.message }),
      );
    const both = [outcome(question(stored)), outcome(question(memory))] as const;
    answers.push(Promise.all(both).then(([ours, theirs]) => expect(ours).toEqual(theirs)));
  }

  async function settle(): Promise<void> {
    const waiting = answers;
    answers = [];
    await Promise.all(waiting);
  }

  /** What both say of everything. */
  async function compare(): Promise<void> {
    await settle();
    expect(await state(stored)).toEqual(await state(memory));
  }

  const queueOf = (id: string): Queued[] => queues.get(id) ?? [];

  /** Takes a queue apart in memory as aedes does; the other persistence does it in one go. */
  async function emptyInMemory(id: string): Promise<void> {
    for (const { packet, messageId, released } of queueOf(id).splice(0)) {
      const name = messageId ?? nextMessageId++;
      if (!released) await memory.outgoingUpdate({ id }, { ...packet, messageId: name });
      await memory.outgoingClearMessageId({ id }, { messageId: name });
    }
  }

  async function run(step: Command): Promise<void> {
    switch (step.kind) {
      case 'subscribe':
        return ask((persistence) => persistence.addSubscriptions({ id: step.client }, step.subs));
      case 'unsubscribe':
        return ask((persistence) => persistence.removeSubscriptions({ id: step.client }, step.topics));
      case 'clean': {
        ask((persistence) => persistence.cleanSubscriptions({ id: step.client }));
        await settle();
        return emptyInMemory(step.client);
      }
      case 'enqueue': {
        counter += 1;
        const packet = publish(counter, { topic: step.topic, qos: step.qos, brokerId: `broker ${brokers}` });
        for (const id of step.to) queueOf(id).push({ packet, messageId: undefined, released: false });
        const recipients = step.to.map((clientId) => ({ clientId, topic: step.topic, qos: 2 }));
        return ask((persistence) => persistence.outgoingEnqueueCombi(recipients, packet));
      }
      case 'send': {
        const queued = queueOf(step.client)[step.place];
        if (!queued || queued.released) return;
        queued.messageId = nextMessageId++;
        const sent = { ...queued.packet, messageId: queued.messageId };
        return ask((persistence) => persistence.outgoingUpdate({ id: step.client }, { ...sent }));
      }
      case 'received': {
        const queued = queueOf(step.client)[step.place];
        // With a PUBREL in the queue the memory persistence confuses it with the next one.
        if (!queued?.messageId || queueOf(step.client).some(({ released }) => released)) return;
        queued.released = true;
        const pubrel = { cmd: 'pubrel', messageId: queued.messageId };
        return ask((persistence) => persistence.outgoingUpdate({ id: step.client }, { ...pubrel }));
      }
      case 'acknowledge': {
        const queued = queueOf(step.client)[step.place];
        if (queued?.messageId) queueOf(step.client).splice(step.place, 1);
        const acknowledged = { messageId: queued?.messageId ?? 65_535 };
        return ask((persistence) => persistence.outgoingClearMessageId({ id: step.client }, acknowledged));
      }
      case 'store incoming': {
        const packet = publish(0, { topic: step.topic, qos: 2, messageId: step.messageId });
        return ask((persistence) => persistence.incomingStorePacket({ id: step.client }, packet));
      }
      case 'get incoming':
        return ask((persistence) => persistence.incomingGetPacket({ id: step.client }, step));
      case 'delete incoming':
        return ask((persistence) => persistence.incomingDelPacket({ id: step.client }, step));
      case 'clean incoming':
        return ask((persistence) => persistence.cleanIncoming({ id: step.client }));
      case 'retain':
        return ask((persistence) =>
          persistence.storeRetained(publish(0, { topic: step.topic, payload: step.payload, retain: true })),
        );
      case 'put will':
        return ask((persistence) =>
          persistence.putWill({ id: step.client }, { topic: step.topic, payload: 'fim', qos: 1 }),
        );
      case 'delete will':
        await settle();
        return ask((persistence) => persistence.delWill({ id: step.client }));
      case 'wait':
        return settle();
      case 'next turn':
        // What was asked before is on its way to the disk while the next is asked.
        return new Promise<void>((resolve) => setImmediate(resolve));
      case 'restart':
        return restart();
    }
  }

  return { restart, run, compare, remove: () => scratch.remove() };
}

async function state(persistence: CommonPersistence) {
  const sorted = <T>(items: T[], key: (item: T) => string): T[] => items.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  const found: Record<string, unknown> = { count: await persistence.countOffline() };
  for (const id of clients) {
    found[`subscriptions of ${id}`] = sorted(await persistence.subscriptionsByClient({ id }), (one) => one.topic);
    found[`queue of ${id}`] = await all(persistence.outgoingStream({ id }));
    found[`will of ${id}`] = await persistence.getWill({ id });
  }
  for (const name of topics) {
    found[`subscriptions to ${name}`] = sorted(
      await persistence.subscriptionsByTopic(name),
      (one) => `${one.clientId} ${one.topic}`,
    );
  }
  for (const name of filters) {
    const retained = await all(persistence.createRetainedStream(name));
    found[`retained ${name}`] = sorted(retained, (packet) => packet.topic ?? '');
    found[`clients of ${name}`] = sorted(await all<string>(persistence.getClientList(name)), (id) => id);
  }
  found.wills = sorted(await all(persistence.streamWill({ 'broker 1': 1 })), (packet) => packet.clientId ?? '');
  return found;
}

test('answers as the memory persistence does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 60 }), async (commands) => {
      const both = pair();
      try {
        await both.restart();
        for (const step of commands) await both.run(step);
        await both.compare();
        await both.restart();
        await both.compare();
      } finally {
        await both.remove();
      }
    }),
    { numRuns: 100 },
  );
}, 60_000);
