/** Flow control of a connection in both directions: nobody may fill memory, and nobody waits for a client that is slow. */

import type { Client, PublishPacket } from 'aedes';
import { type InnerClient, innerClient } from './aedes-internals';
import type { Counters } from './counters';
import { takesTopic } from './topic-filters';

type QoS = PublishPacket['qos'];

/** So much may be unsent to a client when it is sent yet more; a client that is further behind is no longer served. */
const unsentBytesMax = 2 * 1024 * 1024;

/**
 * Reads on only once all that was read has been dealt with. aedes takes each notice of new bytes for a packet dealt with,
 * and so would read ever more from a client whose packets wait. A read gives one of the pieces that have come: as long as
 * they hold no whole packet the next is read, for nobody tells of it again.
 */
export function readWhenIdle(client: Client): void {
  const inner = innerClient(client);
  const { conn, _nextBatch: nextPiece } = inner;
  const isIdle = (): boolean => inner._parsingBatch <= 0 && !inner._paused && !conn.destroyed;
  conn.removeListener('readable', nextPiece);
  inner._parsingBatch = 0;
  inner._nextBatch = (error) => {
    nextPiece(error);
    while (isIdle() && conn.readableLength > 0) nextPiece();
  };
  conn.on('readable', () => {
    if (isIdle()) inner._nextBatch();
  });
}

/**
 * Delivers without waiting: aedes holds back everybody's messages while a hundred deliveries wait for their clients to read.
 * What a client does not read is kept for it up to a limit, then its connection ends; its session keeps its queue.
 */
export function deliverWithoutWaiting(client: Client, counters: Counters): void {
  const inner = innerClient(client);
  const { deliver0, deliverQoS } = inner;
  const guarded = (packet: PublishPacket, done: () => void): void => {
    setImmediate(done);
    if (inner.conn.destroyed) return;
    if (inner.conn.writableLength > unsentBytesMax) {
      counters.end('slow');
      inner.conn.destroy(new Error('the client does not read'));
      return;
    }
    counters.messagesOut += 1;
    packet.qos = grantedQos(inner, packet);
    if (packet.qos === 0) deliver0(packet, nothing);
    else {
      const settle = grantForNow(inner, packet);
      deliverQoS(packet, nothing);
      // aedes looks in the next turn, and this comes after it.
      setImmediate(settle);
    }
  };
  inner.deliver0 = guarded;
  inner.deliverQoS = guarded;
}

/**
 * A message comes at its own QoS or the highest granted to a filter that takes its topic, whichever is less
 * [MQTT-3.3.5-1], [MQTT-3.8.4-6].
 */
function grantedQos({ subscriptions }: InnerClient, { topic, qos }: PublishPacket): QoS {
  if (qos === 0) return 0;
  let granted = 0;
  for (const [filter, subscription] of Object.entries(subscriptions)) {
    if (subscription.qos > granted && takesTopic(filter, topic)) granted = subscription.qos;
  }
  return granted >= qos ? qos : granted === 1 ? 1 : 0;
}

/** Filters that grant more than they were granted, with what that is and how many deliveries want it so. */
const raised = new WeakMap<object, { own: { qos: number }; deliveries: number }>();

/**
 * aedes lowers a message to the QoS of the filter that is its very topic, whatever others grant: until it has looked, that one
 * grants as much as they do.
 * @returns what takes this back.
 */
function grantForNow({ subscriptions }: InnerClient, { topic, qos }: PublishPacket): () => void {
  const present = subscriptions[topic];
  const before = present && raised.get(present);
  const own = before?.own ?? present;
  if (!present || !own || own.qos >= qos) return nothing;
  const grant = { own, deliveries: (before?.deliveries ?? 0) + 1 };
  const higher = before && present.qos >= qos ? present : { ...own, qos };
  raised.set(higher, grant);
  subscriptions[topic] = higher;
  return () => {
    const now = subscriptions[topic];
    const state = now && raised.get(now);
    // Unsubscribed, or subscribed anew, meanwhile.
    if (!state || state.own !== own) return;
    state.deliveries -= 1;
    if (state.deliveries === 0) subscriptions[topic] = own;
  };
}

function nothing(): void {}
