/** What is stored of a packet, and for whom. */

import { encodePacket, type Packet } from './broker-codec';

/** Whom a packet is queued for: a subscription of theirs, or just the client. */
export interface Recipient {
  clientId: string;
  qos?: number | undefined;
  rap?: boolean | undefined;
}

/** The fields of a packet that aedes keeps when it hands one on. */
export function packetFields(packet: Packet): Packet {
  const { clientId, nl, properties, messageExpiry, brokerId, topic, payload = Buffer.alloc(0) } = packet;
  return {
    ...(clientId !== undefined && { clientId }),
    ...(nl !== undefined && { nl }),
    ...(properties !== undefined && { properties }),
    ...(messageExpiry !== undefined && { messageExpiry }),
    cmd: packet.cmd || 'publish',
    brokerId,
    brokerCounter: packet.brokerCounter || 0,
    topic,
    payload,
    qos: packet.qos || 0,
    retain: packet.retain || false,
    dup: packet.dup || false,
  };
}

/**
 * A packet as bytes for each client: with the QoS of its subscription, if that is lower [MQTT-3.8.4-6], and, unless it asked
 * otherwise, not marked as retained, since it is sent because of a subscription that stood before [MQTT-3.3.1-9].
 */
export function valuesFor(recipients: readonly Recipient[], packet: Packet): [string, Buffer][] {
  const fields = packetFields(packet);
  const wanted = new Map<string, { qos: number; retain: boolean }>();
  for (const { clientId, qos = 2, rap = false } of recipients) {
    const before = wanted.get(clientId);
    wanted.set(clientId, { qos: Math.max(before?.qos ?? 1, qos), retain: before?.retain || rap });
  }
  const variants = new Map<string, Buffer>();
  return [...wanted].map(([clientId, { qos, retain }]) => {
    const variant = `${qos} ${retain}`;
    const value =
      variants.get(variant) ??
      encodePacket({ ...fields, qos: Math.min(fields.qos ?? 0, qos), retain: fields.retain === true && retain });
    variants.set(variant, value);
    return [clientId, value];
  });
}
