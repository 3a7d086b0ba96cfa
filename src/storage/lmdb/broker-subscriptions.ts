/** What clients with a session have subscribed to: stored in LMDB, read from memory. */

import { clientOf, decodeJson, encodeJson, subscriptionKey } from './broker-codec';
import type { Batch, Tables } from './broker-tables';
import { createSubscriptionTrie } from './broker-topics';

/** A subscription as aedes hands it over; the fields after `qos` are MQTT 5's. */
export interface Subscription {
  topic: string;
  qos: number;
  rh?: number | undefined;
  rap?: boolean | undefined;
  nl?: boolean | undefined;
  subscriptionIdentifier?: number | undefined;
}

/** A subscription found by topic. */
export type MatchedSubscription = Omit<Subscription, 'subscriptionIdentifier'> & { clientId: string };

/** Kept in memory: every subscription, once by client and, unless it is QoS 0, once by topic. */
export function createSubscriptions(tables: Tables, subscriptionsMax: number) {
  const table = tables.table('subscriptions');
  const byClient = new Map<string, Map<string, Subscription>>();
  const byTopic = createSubscriptionTrie<MatchedSubscription>();

  function remember(clientId: string, subscription: Subscription): void {
    const own = byClient.get(clientId) ?? new Map<string, Subscription>();
    byClient.set(clientId, own);
    own.set(subscription.topic, subscription);
    const { topic, qos, rh, rap, nl } = subscription;
    // Nothing is queued for a subscription of QoS 0.
    if (qos > 0) byTopic.add(topic, clientId, { clientId, topic, qos, rh, rap, nl });
    else byTopic.remove(topic, clientId);
  }

  function forget(clientId: string, topic: string): void {
    const own = byClient.get(clientId);
    own?.delete(topic);
    if (own?.size === 0) byClient.delete(clientId);
    byTopic.remove(topic, clientId);
  }

  /** Memory runs ahead of the disk until a commit; when that fails, the disk is right. */
  function followDisk(batch: Batch, clientId: string, topic: string): void {
    batch.settled((stored) => {
      if (stored) return;
      const value = table.get(subscriptionKey(clientId, topic));
      if (value) remember(clientId, decodeJson<Subscription>(value));
      else forget(clientId, topic);
    });
  }

  return {
    /** Reads what is stored. */
    load(): void {
      for (const { key, value } of table.rows()) remember(clientOf(key), decodeJson<Subscription>(value));
    },

    add(batch: Batch, clientId: string, subscriptions: readonly Subscription[]): void {
      for (const { topic, qos, rh, rap, nl, subscriptionIdentifier } of subscriptions) {
        const known = byClient.get(clientId)?.get(topic);
        const subscription: Subscription = { topic, qos, rh, rap, nl };
        if (subscriptionIdentifier !== undefined) subscription.subscriptionIdentifier = subscriptionIdentifier;
        if (!known && (byClient.get(clientId)?.size ?? 0) >= subscriptionsMax) continue;
        // aedes hands over the whole SUBSCRIBE packet once for each topic in it.
        if (known && Bun.deepEquals(known, subscription)) continue;
        remember(clientId, subscription);
        batch.put(table, subscriptionKey(clientId, topic), encodeJson(subscription));
        followDisk(batch, clientId, topic);
      }
    },

    remove(batch: Batch, clientId: string, topics: Iterable<string>): void {
      for (const topic of topics) {
        if (!byClient.get(clientId)?.has(topic)) continue;
        forget(clientId, topic);
        batch.remove(table, subscriptionKey(clientId, topic));
        followDisk(batch, clientId, topic);
      }
    },

    /** Those of a client; after a restart in the order of their topics. */
    of: (clientId: string): Subscription[] => [...(byClient.get(clientId)?.values() ?? [])].map((one) => ({ ...one })),

    /** The topics a client has subscribed to. */
    topicsOf: (clientId: string): string[] => [...(byClient.get(clientId)?.keys() ?? [])],

    has: (clientId: string): boolean => byClient.has(clientId),

    /** Those above QoS 0 that match a topic. */
    matching: (topic: string): MatchedSubscription[] => byTopic.match(topic),

    /** The clients that have subscribed to exactly this filter. */
    *clientsOf(topic: string): Generator<string> {
      for (const [clientId, own] of byClient) if (own.has(topic)) yield clientId;
    },

    count: () => ({ subsCount: byTopic.count(), clientsCount: byClient.size }),
  };
}
