/** A process that is killed while it stores: it prints a line for each thing that the persistence has said is stored. */

import { createBrokerPersistence } from '../../src/storage/lmdb/broker-persistence';
import { openLmdb } from '../../src/storage/lmdb/open';

export const clients = ['ana', 'bia', 'caio'];
const inFlight = 200;

/** Enqueues packets for ever, and acknowledges every third. */
export async function storeForEver(folder: string): Promise<void> {
  const persistence = createBrokerPersistence({
    root: openLmdb(folder),
    clock: { now: () => Date.now() },
    limits: { queueMaxPackets: Number.MAX_SAFE_INTEGER, queueMaxBytes: Number.MAX_SAFE_INTEGER },
  });
  const brokerId = crypto.randomUUID();
  await persistence.setup({ id: brokerId });
  for (const id of clients) {
    await persistence.addSubscriptions({ id }, [{ topic: `${id}/#`, qos: 1 }]);
    await persistence.putWill({ id }, { topic: `${id}/fim`, payload: Buffer.from(id), qos: 1, retain: false });
  }
  let counter = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      for (;;) {
        counter += 1;
        const number = counter;
        const id = clients[number % clients.length] ?? '';
        const packet = { cmd: 'publish', topic: `${id}/x`, payload: Buffer.from(String(number)), qos: 1 };
        const queued = { ...packet, retain: false, dup: false, brokerId, brokerCounter: number };
        await persistence.outgoingEnqueueCombi([{ clientId: id }], queued);
        console.log(`stored ${number}`);
        if (number % 10 === 0) {
          const topic = `estado/${number}`;
          await persistence.storeRetained({ cmd: 'publish', topic, payload: topic, qos: 1, retain: true });
          console.log(`retained ${number}`);
        }
        if (number % 3 !== 0 || number > 60_000) continue;
        await persistence.outgoingUpdate({ id }, { ...queued, messageId: number });
        await persistence.outgoingClearMessageId({ id }, { messageId: number });
        console.log(`acknowledged ${number}`);
      }
    }),
  );
}
