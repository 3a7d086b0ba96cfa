/** What a client has been sent and has not acknowledged comes again as a duplicate [MQTT-4.4.0-1], [MQTT-3.3.1-1]. */

import { Readable } from 'node:stream';
import type { BrokerPersistence } from '../../storage/lmdb/broker-persistence';

type OutgoingStream = BrokerPersistence['outgoingStream'];
type Packet = NonNullable<Awaited<ReturnType<BrokerPersistence['getWill']>>>;

/** The queue of a client with the packets marked that have a packet identifier, and so were sent before. */
export function markDuplicates(outgoingStream: OutgoingStream): OutgoingStream {
  return (client) =>
    Readable.from(
      (async function* () {
        for await (const packet of outgoingStream(client) as AsyncIterable<Packet>) {
          const sentBefore = packet.cmd === 'publish' && packet.messageId !== undefined;
          yield sentBefore ? { ...packet, dup: true } : packet;
        }
      })(),
    );
}
