/** The QoS 2 packets that clients have sent and not yet released, so that each is published once. */

import { clientKey, decodePacket, encodePacket, incomingKey, type Packet } from './broker-codec';
import type { Batch, Tables } from './broker-tables';

/** Kept in memory: what is on its way to the disk, since a client may send a packet again before it is there. */
export function createIncoming(tables: Tables) {
  const table = tables.table('incoming');
  /** By key as text; null is a removal. */
  const unwritten = new Map<string, Buffer | null>();

  function write(batch: Batch, key: Buffer, value: Buffer | null): void {
    const name = key.toString('latin1');
    if (value) batch.put(table, key, value);
    else batch.remove(table, key);
    unwritten.set(name, value);
    batch.settled(() => {
      if (unwritten.get(name) === value) unwritten.delete(name);
    });
  }

  function read(key: Buffer): Buffer | undefined {
    const latest = unwritten.get(key.toString('latin1'));
    return latest === undefined ? table.get(key) : (latest ?? undefined);
  }

  return {
    store(batch: Batch, clientId: string, packet: Packet): void {
      write(batch, incomingKey(clientId, packet.messageId), encodePacket(packet));
    },

    get(clientId: string, messageId: number | undefined): Packet | undefined {
      const value = read(incomingKey(clientId, messageId));
      return value && decodePacket(value);
    },

    /** @returns whether there was such a packet. */
    remove(batch: Batch, clientId: string, messageId: number | undefined): boolean {
      const key = incomingKey(clientId, messageId);
      if (!read(key)) return false;
      write(batch, key, null);
      return true;
    },

    /** Removes all packets of a client. */
    clear(batch: Batch, clientId: string): void {
      const prefix = clientKey(clientId);
      const beginning = prefix.toString('latin1');
      const waiting = [...unwritten].filter(([name, value]) => value && name.startsWith(beginning));
      for (const [name] of waiting) write(batch, Buffer.from(name, 'latin1'), null);
      for (const { key } of table.rows(prefix)) write(batch, key, null);
    },
  };
}
