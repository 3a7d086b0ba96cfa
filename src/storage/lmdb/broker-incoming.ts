/** The QoS 2 packets that clients have sent and not yet released, so that each is published once. */

import { clientKey, decodePacket, encodePacket, incomingKey, type Packet, sequenceOf } from './broker-codec';
import type { Batch, Tables } from './broker-tables';

export type Incoming = ReturnType<typeof createIncoming>;
