/**
 * What waits to be acknowledged by each client, in the order in which it was published.
 *
 * A packet is stored once for each client it goes to. Its messageId is part of its value: it gets one when it is sent, and the
 * packet that a QoS 2 client has received is replaced by the PUBREL that is due next.
 */

import {
  clientKey,
  decodeNumber,
  decodePacket,
  encodeNumber,
  encodePacket,
  type Packet,
  queueKey,
  sequenceOf,
  withMessageId,
} from './broker-codec';
import type { Batch, Tables } from './broker-tables';

/** So many packets of all clients together are known in memory without looking on the disk: some 20 MB. */
const indexedPacketsMax = 100_000;
/** Numbers of the queue are reserved on the disk so many at a time. */
const reservedNumbers = 1_000_000;
const reservationKey = Buffer.from('sequence');

export interface QueueLimits {
  queueMaxPackets: number;
  queueMaxBytes: number;
}

/** What is known in memory of a queued packet. */
interface Entry {
  messageId: number | undefined;
  brokerId: string | undefined;
  brokerCounter: number | undefined;
  bytes: number;
  /** The value, until it is on the disk. */
  unwritten: Buffer | undefined;
}

interface Queue {
  /** By sequence number, ascending. */
  entries: Map<number, Entry>;
  lastNumber: number;
  bytes: number;
  /** Batches with this queue's packets that have not been committed; the index is kept for them. */
  unsettled: number;
  /** A batch could not be stored: the index tells more than the disk, and is read anew when nothing is on its way. */
  wrong: boolean;
  /** The last packet that was dropped for the limit. */
  dropped: Packet | undefined;
}

/** Kept in memory: an index of the queues used last, rebuilt from the disk as needed. */
export function createOutgoing(tables: Tables, limits: QueueLimits) {
  const table = tables.table('outgoing');
  const meta = tables.table('meta');
  /** The queue used last comes last. */
  const queues = new Map<string, Queue>();
  let indexedPackets = 0;
  let roomEndsAt = indexedPacketsMax;
  let nextNumber = 0;
  let numbersEnd = 0;

  function queueOf(clientId: string): Queue {
    const queue = queues.get(clientId) ?? readQueue(clientId);
    if (queue.entries.size > 0) moveLast(clientId, queue);
    return queue;
  }

  function moveLast(clientId: string, queue: Queue): void {
    queues.delete(clientId);
    queues.set(clientId, queue);
  }

  function readQueue(clientId: string): Queue {
    makeRoom();
    const queue: Queue = {
      entries: new Map(),
      lastNumber: -1,
      bytes: 0,
      unsettled: 0,
      wrong: false,
      dropped: undefined,
    };
    for (const { key, value } of table.rows(clientKey(clientId))) {
      const { messageId, brokerId, brokerCounter } = decodePacket(value);
      add(queue, sequenceOf(key), { messageId, brokerId, brokerCounter, bytes: value.length, unwritten: undefined });
    }
    return queue;
  }

  function add(queue: Queue, number: number, entry: Entry): void {
    queue.entries.set(number, entry);
    // A packet that goes to very many clients may reach the last of them after the next packet has.
    if (number < queue.lastNumber) queue.entries = new Map([...queue.entries].sort(([a], [b]) => a - b));
    queue.lastNumber = Math.max(queue.lastNumber, number);
    queue.bytes += entry.bytes;
    indexedPackets += 1;
  }

  function removeFrom(batch: Batch, clientId: string, queue: Queue, number: number, entry: Entry): void {
    batch.remove(table, queueKey(clientId, number));
    queue.entries.delete(number);
    queue.bytes -= entry.bytes;
    indexedPackets -= 1;
  }

  function write(batch: Batch, clientId: string, number: number, entry: Entry, value: Buffer): void {
    batch.put(table, queueKey(clientId, number), value);
    entry.unwritten = value;
    batch.settled(() => {
      if (entry.unwritten === value) entry.unwritten = undefined;
    });
  }

  function keepIndex(batch: Batch, clientId: string, queue: Queue): void {
    queue.unsettled += 1;
    moveLast(clientId, queue);
    batch.settled((stored) => {
      queue.unsettled -= 1;
      queue.wrong ||= !stored;
      if (queue.unsettled === 0 && (queue.wrong || queue.entries.size === 0)) forget(clientId, queue);
    });
  }

  /** Forgets the queues used longest ago, so many that it need not be done again soon. */
  function makeRoom(): void {
    if (indexedPackets <= roomEndsAt) return;
    for (const [clientId, queue] of queues) {
      if (indexedPackets <= indexedPacketsMax / 2) break;
      if (queue.unsettled === 0) forget(clientId, queue);
    }
    // What is on its way to the disk stays, however much that is.
    roomEndsAt = Math.max(indexedPacketsMax, indexedPackets * 1.1);
  }

  function forget(clientId: string, queue: Queue): void {
    if (queues.get(clientId) !== queue) return;
    queues.delete(clientId);
    indexedPackets -= queue.entries.size;
  }

  function storedValue(clientId: string, number: number, entry: Entry): Buffer {
    const value = entry.unwritten ?? table.get(queueKey(clientId, number));
    if (!value) throw new Error(`packet ${number} has gone from the queue of ${clientId}`);
    return value;
  }

  function find(queue: Queue, wanted: (entry: Entry) => boolean): [number, Entry] | undefined {
    for (const pair of queue.entries) if (wanted(pair[1])) return pair;
    return undefined;
  }

  /** Whether a packet is not in the queue because newer ones took its place. */
  function wasDropped({ dropped }: Queue, packet: Packet): boolean {
    return (
      dropped?.brokerId !== undefined &&
      dropped.brokerId === packet.brokerId &&
      (packet.brokerCounter ?? 0) <= (dropped.brokerCounter ?? 0)
    );
  }

  return {
    /** Reads what is stored. */
    load(): void {
      const reserved = meta.get(reservationKey);
      nextNumber = reserved ? decodeNumber(reserved) : 0;
      numbersEnd = nextNumber;
    },

    /** The place in the queues of the next packet: above all that were ever given out, also by the process before this one. */
    takeNumber(batch: Batch): number {
      if (nextNumber >= numbersEnd) {
        numbersEnd = nextNumber + reservedNumbers;
        batch.put(meta, reservationKey, encodeNumber(numbersEnd));
        batch.settled((stored) => {
          if (!stored) numbersEnd = 0;
        });
      }
      const number = nextNumber;
      nextNumber += 1;
      return number;
    },

    /**
     * Puts a packet into the queues of some clients, and drops the oldest packets of a queue that grows too long.
     * @param number the packet's place, the same for all clients.
     * @param values the packet as bytes for each client.
     * @returns how many packets each client has lost.
     */
    enqueue(batch: Batch, packet: Packet, number: number, values: readonly [string, Buffer][]): Map<string, number> {
      makeRoom();
      const drops = new Map<string, number>();
      const { brokerId, brokerCounter } = packet;
      for (const [clientId, value] of values) {
        const queue = queueOf(clientId);
        keepIndex(batch, clientId, queue);
        const fits = value.length <= limits.queueMaxBytes;
        let dropped = fits ? 0 : 1;
        if (!fits) queue.dropped = { brokerId, brokerCounter };
        for (const [oldest, entry] of fits ? queue.entries : []) {
          const room = limits.queueMaxBytes - queue.bytes - value.length;
          if (queue.entries.size < limits.queueMaxPackets && room >= 0) break;
          removeFrom(batch, clientId, queue, oldest, entry);
          queue.dropped = { brokerId: entry.brokerId, brokerCounter: entry.brokerCounter };
          dropped += 1;
        }
        if (dropped > 0) drops.set(clientId, dropped);
        if (!fits) continue;
        const entry: Entry = {
          messageId: undefined,
          brokerId,
          brokerCounter,
          bytes: value.length,
          unwritten: undefined,
        };
        add(queue, number, entry);
        write(batch, clientId, number, entry, value);
      }
      return drops;
    },

    /**
     * Notes that a packet has been sent under its messageId.
     * @throws Error when there is no such packet.
     */
    sent(batch: Batch, clientId: string, packet: Packet): void {
      const queue = queueOf(clientId);
      const { brokerId, brokerCounter, messageId } = packet;
      const found = find(queue, (entry) => entry.brokerId === brokerId && entry.brokerCounter === brokerCounter);
      if (!found) {
        // What a newer packet has displaced is sent all the same, as aedes is about to; it is only not sent again.
        if (wasDropped(queue, packet)) return;
        throw new Error('no such packet');
      }
      if (messageId === undefined) return;
      const [number, entry] = found;
      keepIndex(batch, clientId, queue);
      write(batch, clientId, number, entry, withMessageId(storedValue(clientId, number, entry), messageId));
      entry.messageId = messageId;
    },

    /**
     * Puts a PUBREL in the place of the packet with its messageId. Where there is none nothing is stored: the PUBREL is due
     * for a messageId unknown as well, or the client would keep it taken.
     */
    release(batch: Batch, clientId: string, pubrel: Packet): void {
      const queue = queueOf(clientId);
      const { brokerId, brokerCounter, messageId } = pubrel;
      const found = messageId === undefined ? undefined : find(queue, (entry) => entry.messageId === messageId);
      if (!found) return;
      const [number, entry] = found;
      const value = encodePacket(pubrel);
      keepIndex(batch, clientId, queue);
      queue.bytes += value.length - entry.bytes;
      write(batch, clientId, number, Object.assign(entry, { brokerId, brokerCounter, bytes: value.length }), value);
    },

    /** Takes out the packet that was sent under a messageId. */
    acknowledge(batch: Batch, clientId: string, messageId: number | undefined): Packet | undefined {
      if (messageId === undefined) return undefined;
      const queue = queueOf(clientId);
      const found = find(queue, (entry) => entry.messageId === messageId);
      if (!found) return undefined;
      const [number, entry] = found;
      const packet = queuedPacket(storedValue(clientId, number, entry));
      keepIndex(batch, clientId, queue);
      removeFrom(batch, clientId, queue, number, entry);
      return packet;
    },

    /**
     * What is in a client's queue now, each packet as it is when its turn comes; those gone by then are left out, and those
     * added later, which are delivered as they come, as well.
     */
    packets(clientId: string): Iterable<Packet> {
      const numbers = [...queueOf(clientId).entries.keys()];
      return (function* () {
        for (const number of numbers) {
          const entry = queueOf(clientId).entries.get(number);
          if (entry) yield queuedPacket(storedValue(clientId, number, entry));
        }
      })();
    },

    /** Empties a client's queue. */
    clear(batch: Batch, clientId: string): void {
      const queue = queueOf(clientId);
      keepIndex(batch, clientId, queue);
      for (const [number, entry] of queue.entries) removeFrom(batch, clientId, queue, number, entry);
    },

    /** Of all clients together, as committed. */
    count: (): number => table.count(),

    isEmpty: (clientId: string): boolean => queueOf(clientId).entries.size === 0,
  };
}

/** A packet of a queue always has the field messageId, as aedes' own packets do. */
function queuedPacket(value: Buffer): Packet {
  return { messageId: undefined, ...decodePacket(value) };
}
