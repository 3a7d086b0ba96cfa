/**
 * A retained message is stored as such and for those who are away in one transaction: aedes would do one after the other, and
 * a block would wait for the disk twice. It goes out to those connected once both are stored.
 */

import type { BrokerPersistence } from '../../storage/lmdb/broker-persistence';

type Storing = Pick<BrokerPersistence, 'storeRetained' | 'outgoingEnqueueCombi'>;

export function storeTogether(persistence: Storing): Storing {
  /** What is being stored as retained and is about to be enqueued. */
  const underWay = new WeakMap<object, Promise<void>>();

  return {
    async storeRetained(packet) {
      const stored = persistence.storeRetained(packet);
      // aedes does not enqueue what has QoS 0.
      if (!packet.qos) return stored;
      underWay.set(packet, stored);
      // Whoever enqueues it hears of a failure.
      stored.catch(() => undefined);
    },

    outgoingEnqueueCombi: (recipients, packet) =>
      persistence.outgoingEnqueueCombi(recipients, packet, underWay.get(packet)),
  };
}
