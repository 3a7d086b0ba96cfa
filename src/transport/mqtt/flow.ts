/** Flow control of a connection in both directions: nobody may fill memory, and nobody waits for a client that is slow. */

import type { Client } from 'aedes';
import { type Deliver, innerClient } from './aedes-internals';
import type { Counters } from './counters';

/** So much may be unsent to a client when it is sent yet more; a client that is further behind is no longer served. */
const unsentBytesMax = 2 * 1024 * 1024;

/**
 * Reads on only once all that was read has been dealt with. aedes takes each notice of new bytes for a packet dealt with,
 * and so would read ever more from a client whose packets wait.
 */
export function readWhenIdle(client: Client): void {
  const inner = innerClient(client);
  const { conn } = inner;
  conn.removeListener('readable', inner._nextBatch);
  inner._parsingBatch = 0;
  conn.on('readable', () => {
    if (inner._parsingBatch <= 0) inner._nextBatch();
  });
}

/**
 * Delivers without waiting: aedes holds back everybody's messages while a hundred deliveries wait for their clients to read.
 * What a client does not read is kept for it up to a limit, then its connection ends; its session keeps its queue.
 */
export function deliverWithoutWaiting(client: Client, counters: Counters): void {
  const inner = innerClient(client);
  const guarded =
    (deliver: Deliver): Deliver =>
    (packet, done) => {
      setImmediate(done);
      if (inner.conn.destroyed) return;
      if (inner.conn.writableLength > unsentBytesMax) {
        counters.end('slow');
        inner.conn.destroy(new Error('the client does not read'));
        return;
      }
      counters.messagesOut += 1;
      deliver(packet, () => undefined);
    };
  inner.deliver0 = guarded(inner.deliver0);
  inner.deliverQoS = guarded(inner.deliverQoS);
}
