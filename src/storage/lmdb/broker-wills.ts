/** The wills of connected clients, kept so that they are published even when the broker dies with its clients. */

import { clientKey, clientOf, decodePacket, encodePacket, type Packet } from './broker-codec';
import type { Batch, Tables } from './broker-tables';

/** Kept in memory: whose wills there are, since aedes asks for the removal of one at every connection. */
export function createWills(tables: Tables) {
  const table = tables.table('wills');
  const owners = new Set<string>();

  return {
    /** Reads what is stored. */
    load(): void {
      for (const { key } of table.rows()) owners.add(clientOf(key));
    },

    put(batch: Batch, clientId: string, will: Packet): void {
      batch.put(table, clientKey(clientId), encodePacket(will));
      owners.add(clientId);
    },

    get(clientId: string): Packet | undefined {
      const value = owners.has(clientId) ? table.get(clientKey(clientId)) : undefined;
      return value && decodePacket(value);
    },

    remove(batch: Batch, clientId: string): void {
      if (!owners.delete(clientId)) return;
      batch.remove(table, clientKey(clientId));
      batch.settled((stored) => {
        if (!stored) owners.add(clientId);
      });
    },

    /** The wills left by brokers that are not among those alive. */
    *ofOthersThan(brokers: Readonly<Record<string, unknown>>): Generator<Packet> {
      for (const { value } of table.rows()) {
        const will = decodePacket(value);
        if (will.brokerId === undefined || !Object.hasOwn(brokers, will.brokerId)) yield will;
      }
    },
  };
}
