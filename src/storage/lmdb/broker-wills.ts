/** The wills of connected clients, kept so that they are published even when the broker dies with its clients. */

import { clientKey, decodePacket, encodePacket, type Packet } from './broker-codec';
import type { Batch, Tables } from './broker-tables';

export type Wills = ReturnType<typeof createWills>;

/** Nothing is kept in memory. */
export function createWills(tables: Tables) {
  const table = tables.table('wills');

  return {
    put(batch: Batch, clientId: string, will: Packet): void {
      batch.put(table, clientKey(clientId), encodePacket(will));
    },

    get(clientId: string): Packet | undefined {
      const value = table.get(clientKey(clientId));
      return value && decodePacket(value);
    },

    remove(batch: Batch, clientId: string): void {
      batch.remove(table, clientKey(clientId));
    },

    /** The wills left by brokers that are not among those alive. */
    *ofOthersThan(brokers: Readonly<Record<string, unknown>>): Generator<Packet> {
      for (const { value } of table.rows()) {
        const will = decodePacket(value);
        if (!(will.brokerId !== undefined && Object.hasOwn(brokers, will.brokerId))) yield will;
      }
    },
  };
}
