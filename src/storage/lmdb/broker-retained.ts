/** The last retained message of every topic. */

import { decodePacket, encodePacket, type Packet, topicKey, topicKeyPrefix, topicOf } from './broker-codec';
import type { Batch, Tables } from './broker-tables';
import { filterMatches, hasWildcard, literalPrefix } from './broker-topics';

/** Nothing is kept in memory. */
export function createRetained(tables: Tables) {
  const table = tables.table('retained');

  return {
    /** Replaces a topic's message; one without payload removes it [MQTT-3.3.1-10]. Storing it again changes nothing. */
    store(batch: Batch, packet: Packet): void {
      if (packet.topic === undefined) throw new Error('a retained packet needs a topic');
      const key = topicKey(packet.topic);
      if (packet.payload === undefined || packet.payload.length === 0) batch.remove(table, key);
      else batch.put(table, key, encodePacket(packet));
    },

    /** The messages whose topics a filter matches, in order of topic. */
    *matching(filter: string): Generator<Packet> {
      if (!hasWildcard(filter)) {
        const value = table.get(topicKey(filter));
        if (value) yield decodePacket(value);
        return;
      }
      for (const { key, value } of table.rows(topicKeyPrefix(literalPrefix(filter)))) {
        // The key tells the topic without decoding the packet, unless the topic is longer than a key may be.
        const topic = topicOf(key) ?? decodePacket(value).topic ?? '';
        if (filterMatches(filter, topic)) yield decodePacket(value);
      }
    },
  };
}
