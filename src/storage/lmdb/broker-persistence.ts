/**
 * What aedes must not forget when the process ends, in LMDB: the sessions of clients with their subscriptions, retained
 * messages, packets not yet acknowledged in either direction, and wills.
 *
 * Named databases (broker-codec.ts tells how keys and values look; every value begins with its format version):
 * - `mqtt-sessions`       client → when it was last used
 * - `mqtt-subscriptions`  client, topic filter → the subscription as JSON
 * - `mqtt-outgoing`       client, number → a packet; numbers grow for ever
 * - `mqtt-incoming`       client, messageId → a packet
 * - `mqtt-wills`          client → a packet with the id of the broker that the client was connected to
 * - `mqtt-retained`       topic → a packet
 * - `mqtt-meta`           `sequence` → the first number not yet reserved; `broker` → the id of the last broker
 *
 * A promise settles when what it stands for has been fsynced (broker-tables.ts tells why), except where a method says
 * otherwise. Where aedes' own persistence in memory is known to lose or confuse packets this one differs; each place says so.
 */

import { Readable } from 'node:stream';
import type { RootDatabase } from 'lmdb';
import { type Clock, dayMs } from '../../core/clock';
import { decodeJson, encodeJson, type Packet } from './broker-codec';
import { packetFields, type Recipient, valuesFor } from './broker-copies';
import { createIncoming } from './broker-incoming';
import { createPublishOrder, type Emitter, type Place } from './broker-order';
import { createOutgoing } from './broker-outgoing';
import { createRetained } from './broker-retained';
import { createSessions } from './broker-sessions';
import { createSubscriptions, type MatchedSubscription, type Subscription } from './broker-subscriptions';
import { type Batch, openTables } from './broker-tables';
import { createWills } from './broker-wills';

const queueMaxPackets = 1_000;
const queueMaxBytes = 4 * 1024 * 1024;
const subscriptionsMax = 1_000;
const sessionLifeMs = 30 * dayMs;
const sweepMaxSessions = 100;

/**
 * A packet for more clients than this is stored in several transactions: one that changes thousands of pages leaves so long a
 * list of free pages that lmdb-js then takes 10 to 30 ms for every commit, however small (mdb_midl_insert is quadratic).
 */
const batchMaxClients = 500;

const brokerKey = Buffer.from('broker');

export interface BrokerLimits {
  /** So many packets wait for one client at most. */
  queueMaxPackets: number;
  /** So many bytes of packets wait for one client at most. */
  queueMaxBytes: number;
  /** So many subscriptions of one client are stored at most; what is above is ignored. */
  subscriptionsMax: number;
  /** A session unused for so long is removed. */
  sessionLifeMs: number;
}

interface Options {
  /** An environment opened with `overlappingSync: false`; the caller closes it after `destroy`. */
  root: RootDatabase;
  clock: Clock;
  limits?: Partial<BrokerLimits>;
  /** Hears how many of the oldest packets a client lost because too many waited for it. */
  onDrop?: (clientId: string, count: number) => void;
  /**
   * Whether a client may have a subscription. aedes hands over the whole SUBSCRIBE packet, refused topics included, and what
   * is stored is queued for: without this test a client would be queued what it was refused.
   */
  maySubscribe?: (clientId: string, topicFilter: string) => boolean;
}

interface ClientRef {
  id: string;
}

interface BrokerRef {
  id: string;
  /** The connected clients. */
  clients?: Readonly<Record<string, unknown>>;
  mq?: Emitter;
}

export type BrokerPersistence = ReturnType<typeof createBrokerPersistence>;

/**
 * A persistence for aedes over an open LMDB environment; aedes calls `setup` itself.
 * @throws Error when the environment does not wait for the disk.
 */
export function createBrokerPersistence({ root, clock, limits, onDrop, maySubscribe = () => true }: Options) {
  const limit: BrokerLimits = { queueMaxPackets, queueMaxBytes, subscriptionsMax, sessionLifeMs, ...limits };
  const tables = openTables(root);
  const meta = tables.table('meta');
  const sessions = createSessions(tables);
  const subscriptions = createSubscriptions(tables, limit.subscriptionsMax);
  const outgoing = createOutgoing(tables, limit);
  const incoming = createIncoming(tables);
  const retained = createRetained(tables);
  const wills = createWills(tables);
  const order = createPublishOrder();
  let broker: BrokerRef | undefined;
  let destroyed = false;

  /** Makes changes that are stored together, and waits for the disk. */
  async function write<T>(change: (batch: Batch) => T): Promise<T> {
    const batch = tables.batch();
    const result = change(batch);
    await batch.committed();
    return result;
  }

  function endSession(batch: Batch, clientId: string): void {
    subscriptions.remove(batch, clientId, subscriptions.topicsOf(clientId));
    outgoing.clear(batch, clientId);
    incoming.clear(batch, clientId);
    sessions.forget(batch, clientId);
  }

  /**
   * Takes a place in the line of publishes, stores a packet for its recipients, and waits for its turn to go on.
   * @param alongside what else has to be stored before the packet goes on.
   * @returns the place, to be left.
   */
  async function enqueue(recipients: readonly Recipient[], packet: Packet, alongside?: Promise<void>): Promise<Place> {
    const place = order.enter(packet);
    try {
      const values = valuesFor(recipients, packet);
      let number: number | undefined;
      for (let from = 0; from < values.length; from += batchMaxClients) {
        const some = values.slice(from, from + batchMaxClients);
        const drops = await write((batch) => {
          for (const [clientId] of some) sessions.ensure(batch, clientId, clock.now());
          number ??= outgoing.takeNumber(batch);
          return outgoing.enqueue(batch, packet, number, some);
        });
        for (const [clientId, count] of drops) onDrop?.(clientId, count);
      }
      await alongside;
      await place.turn();
      return place;
    } catch (error) {
      place.leave();
      throw error;
    }
  }

  return {
    /** The broker this serves, once it is set up. */
    get broker(): BrokerRef | undefined {
      return broker;
    },

    /**
     * Reads what the last broker left, and keeps the order in which the broker emits (broker-order.ts tells why).
     * @throws Error when that broker had the same id: packets are told apart by broker id and number, and wills are published
     *   only for brokers that are gone.
     */
    async setup(starting: BrokerRef): Promise<void> {
      const last = meta.get(brokerKey);
      if (last && decodeJson<BrokerRef>(last).id === starting.id)
        throw new Error('a broker needs a new id at every start');
      for (const part of [sessions, subscriptions, outgoing, wills]) part.load();
      broker = starting;
      if (starting.mq) order.watch(starting.mq);
      await write((batch) => batch.put(meta, brokerKey, encodeJson({ id: starting.id })));
    },

    /** Stores a topic's retained message, or removes it when there is no payload. Doing it again changes nothing. */
    async storeRetained(packet: Packet): Promise<void> {
      const stored = order.reserve(packet);
      try {
        await write((batch) => retained.store(batch, packet));
      } finally {
        stored?.();
      }
    },

    createRetainedStream: (filter: string): Readable => Readable.from(retained.matching(filter)),

    /** The retained messages of several filters, one after the other; what two of them match comes twice. */
    createRetainedStreamCombi(filters: readonly string[]): Readable {
      return Readable.from(
        (function* () {
          for (const filter of filters) yield* retained.matching(filter);
        })(),
      );
    },

    async addSubscriptions(client: ClientRef, added: readonly Subscription[]): Promise<void> {
      await write((batch) => {
        sessions.ensure(batch, client.id, clock.now());
        sessions.touch(batch, client.id, clock.now());
        subscriptions.add(
          batch,
          client.id,
          added.filter(({ topic }) => maySubscribe(client.id, topic)),
        );
      });
    },

    async removeSubscriptions(client: ClientRef, topics: readonly string[]): Promise<void> {
      await write((batch) => {
        sessions.touch(batch, client.id, clock.now());
        subscriptions.remove(batch, client.id, topics);
      });
    },

    /** aedes asks when a client with a session connects: the session is in use. */
    async subscriptionsByClient(client: ClientRef): Promise<Subscription[]> {
      await write((batch) => sessions.touch(batch, client.id, clock.now()));
      return subscriptions.of(client.id);
    },

    async countOffline(): Promise<{ subsCount: number; clientsCount: number }> {
      return subscriptions.count();
    },

    async subscriptionsByTopic(topic: string): Promise<MatchedSubscription[]> {
      return subscriptions.matching(topic);
    },

    /**
     * Ends a session: aedes calls this when a client connects with a clean session. Its queue ends with it, at once; aedes
     * would take it apart packet by packet [MQTT-3.1.2-6].
     */
    async cleanSubscriptions(client: ClientRef): Promise<void> {
      if (!sessions.has(client.id)) return;
      await write((batch) => {
        subscriptions.remove(batch, client.id, subscriptions.topicsOf(client.id));
        outgoing.clear(batch, client.id);
      });
    },

    async outgoingEnqueue(recipient: Recipient, packet: Packet): Promise<void> {
      const place = await enqueue([recipient], packet);
      place.leave();
    },

    /** Queues a packet once for each client, however many of its subscriptions match [MQTT-3.3.5-1]. */
    async outgoingEnqueueCombi(
      recipients: readonly Recipient[],
      packet: Packet,
      alongside?: Promise<void>,
    ): Promise<void> {
      const place = await enqueue(recipients, packet, alongside);
      place.leaveOnceEmitted();
    },

    /**
     * Notes the messageId under which a packet is about to be sent, or that a PUBREL takes the place of a packet. For QoS 1
     * this does not wait for the disk: should the note be lost, the packet is sent once more, as QoS 1 allows.
     * @throws Error when there is no such packet.
     */
    async outgoingUpdate(client: ClientRef, packet: Packet): Promise<void> {
      const batch = tables.batch();
      if (packet.cmd === 'pubrel') outgoing.release(batch, client.id, packet);
      else outgoing.sent(batch, client.id, packet);
      const stored = batch.committed();
      if (packet.cmd === 'pubrel' || packet.qos === 2) return stored;
      stored.catch(() => {});
    },

    /** Takes the acknowledged packet out of the queue. Without a messageId nothing is taken out, rather than a guess made. */
    async outgoingClearMessageId(
      client: ClientRef,
      packet: { messageId?: number | undefined },
    ): Promise<Packet | undefined> {
      return write((batch) => outgoing.acknowledge(batch, client.id, packet.messageId));
    },

    outgoingStream: (client: ClientRef): Readable => Readable.from(outgoing.packets(client.id)),

    async incomingStorePacket(client: ClientRef, packet: Packet): Promise<void> {
      await write((batch) => {
        sessions.ensure(batch, client.id, clock.now());
        incoming.store(batch, client.id, { ...packetFields(packet), messageId: packet.messageId });
      });
    },

    /** @throws Error when there is no such packet. */
    async incomingGetPacket(client: ClientRef, packet: { messageId?: number | undefined }): Promise<Packet> {
      const found = incoming.get(client.id, packet.messageId);
      if (!found) throw new Error('no such packet');
      return found;
    },

    /** @throws Error when there is no such packet. */
    async incomingDelPacket(client: ClientRef, packet: { messageId?: number | undefined }): Promise<void> {
      const found = await write((batch) => incoming.remove(batch, client.id, packet.messageId));
      if (!found) throw new Error('no such packet');
    },

    /** Ends what `cleanSubscriptions` left of a session. */
    async cleanIncoming(client: ClientRef): Promise<void> {
      if (!sessions.has(client.id)) return;
      await write((batch) => {
        incoming.clear(batch, client.id);
        if (!subscriptions.has(client.id) && outgoing.isEmpty(client.id)) sessions.forget(batch, client.id);
      });
    },

    /** Stores a will, and notes in it whose it is, as aedes expects. */
    async putWill(client: ClientRef, will: Packet): Promise<void> {
      will.brokerId = broker?.id;
      will.clientId = client.id;
      await write((batch) => wills.put(batch, client.id, will));
    },

    async getWill(client: ClientRef): Promise<Packet | undefined> {
      return wills.get(client.id);
    },

    /** @returns the will there was. */
    async delWill(client: ClientRef): Promise<Packet | undefined> {
      const will = wills.get(client.id);
      await write((batch) => wills.remove(batch, client.id));
      return will;
    },

    /** The wills left by brokers other than these. */
    streamWill: (brokers: Readonly<Record<string, unknown>> = {}): Readable =>
      Readable.from(wills.ofOthersThan(brokers)),

    /** How many packets wait to be acknowledged, of all clients together. */
    queued: (): number => outgoing.count(),

    getClientList: (topic: string): Readable => Readable.from(subscriptions.clientsOf(topic)),

    /** Notes that a client's session is in use, if it has one: for the broker to call when a client comes and when it goes. */
    async touch(clientId: string): Promise<void> {
      await write((batch) => sessions.touch(batch, clientId, clock.now()));
    },

    /**
     * Removes sessions that nobody has used for long, a bounded number a call; those of connected clients are in use.
     * @returns how many it removed; when that is not zero there may be more.
     */
    async sweepSessions(now: number): Promise<number> {
      const expired: string[] = [];
      await write((batch) => {
        for (const clientId of sessions.unusedSince(now - limit.sessionLifeMs)) {
          if (expired.length >= sweepMaxSessions) break;
          if (broker?.clients?.[clientId]) sessions.touch(batch, clientId, now);
          else expired.push(clientId);
        }
      });
      for (const clientId of expired) await write((batch) => endSession(batch, clientId));
      return expired.length;
    },

    /** Removes all there is of a client that will not come back: its session, its will and what is retained on its topics. */
    async forget(clientId: string, topics: readonly string[]): Promise<void> {
      await write((batch) => {
        endSession(batch, clientId);
        wills.remove(batch, clientId);
        for (const topic of topics) retained.store(batch, { topic });
      });
    },

    /** Waits for what is being written and refuses everything after: then the environment may be closed. */
    async destroy(): Promise<void> {
      if (destroyed) throw new Error('destroyed called twice!');
      destroyed = true;
      await tables.close();
    },
  };
}
