/**
 * How the broker's packets, subscriptions and keys look as bytes.
 *
 * Every value begins with the format version (now 1), so that a later format can be told from this one.
 * - a packet: version · flags (1 = payload, 2 = the payload is text, 4 = messageId) · messageId (2) · length of the JSON (4) ·
 *   the other fields as JSON · the payload as it came
 * - JSON: version · UTF-8 text
 * - a number: version · 8 bytes (float64)
 *
 * Every key that belongs to a client begins with the length of its id (1 byte) and the id in UTF-8, so that no client's keys
 * lie among those of another whose id merely begins alike. Numbers in keys are big-endian: keys sort as numbers do.
 */

import { createHash } from 'node:crypto';

const formatVersion = 1;

const packetHeaderBytes = 8;
const hasPayload = 1;
const payloadIsText = 2;
const hasMessageId = 4;

const clientIdMaxBytes = 255;
const messageIdMax = 65_535;
const sequenceBytes = 6;
/** LMDB takes keys of at most 1,978 bytes, MQTT topics of 65,535: what is longer than this is cut and told apart by its hash. */
const topicKeyMaxBytes = 1_000;

/** The fields of a packet that the persistence itself looks at; whatever else a packet carries is kept with them. */
export interface Packet {
  cmd?: string | undefined;
  topic?: string | undefined;
  payload?: Buffer | string | undefined;
  qos?: number | undefined;
  retain?: boolean | undefined;
  dup?: boolean | undefined;
  messageId?: number | undefined;
  brokerId?: string | undefined;
  brokerCounter?: number | undefined;
  clientId?: string | undefined;
  /** MQTT 5 only. */
  nl?: boolean | undefined;
  /** MQTT 5 only; must be JSON. */
  properties?: unknown;
  /** MQTT 5 only. */
  messageExpiry?: number | undefined;
}

/** A packet as bytes; functions and undefined fields are left out. */
export function encodePacket(packet: Packet): Buffer {
  const { payload, messageId, ...others } = packet;
  const json = Buffer.from(JSON.stringify(others));
  const body = payload === undefined ? undefined : typeof payload === 'string' ? Buffer.from(payload) : payload;
  const value = Buffer.allocUnsafe(packetHeaderBytes + json.length + (body?.length ?? 0));
  value[0] = formatVersion;
  value[1] = (body ? hasPayload : 0) | (typeof payload === 'string' ? payloadIsText : 0);
  value.writeUInt16BE(0, 2);
  value.writeUInt32BE(json.length, 4);
  value.set(json, packetHeaderBytes);
  if (body) value.set(body, packetHeaderBytes + json.length);
  if (messageId !== undefined && messageId !== null) writeMessageId(value, messageId);
  return value;
}

/** The packet that bytes hold; the payload is a view of them. */
export function decodePacket(value: Buffer): Packet {
  const jsonEnd = packetHeaderBytes + versioned(value).readUInt32BE(4);
  const packet = JSON.parse(value.toString('utf8', packetHeaderBytes, jsonEnd)) as Packet;
  const flags = value[1] ?? 0;
  if (flags & hasPayload)
    packet.payload = flags & payloadIsText ? value.toString('utf8', jsonEnd) : value.subarray(jsonEnd);
  if (flags & hasMessageId) packet.messageId = value.readUInt16BE(2);
  return packet;
}

/** A copy of a packet's bytes with another messageId. */
export function withMessageId(value: Buffer, messageId: number): Buffer {
  const copy = Buffer.from(value);
  writeMessageId(copy, messageId);
  return copy;
}

function writeMessageId(value: Buffer, messageId: number): void {
  value[1] = (value[1] ?? 0) | hasMessageId;
  value.writeUInt16BE(messageId, 2);
}

/** Any JSON as bytes. */
export function encodeJson(content: object): Buffer {
  return Buffer.concat([Buffer.of(formatVersion), Buffer.from(JSON.stringify(content))]);
}

/** The JSON that bytes hold, which `encodeJson` wrote from a T. */
export function decodeJson<T extends object>(value: Buffer): T {
  return JSON.parse(versioned(value).toString('utf8', 1)) as T;
}

/** A number as bytes. */
export function encodeNumber(number: number): Buffer {
  const value = Buffer.allocUnsafe(9);
  value[0] = formatVersion;
  value.writeDoubleBE(number, 1);
  return value;
}

/** The number that bytes hold. */
export function decodeNumber(value: Buffer): number {
  return versioned(value).readDoubleBE(1);
}

function versioned(value: Buffer): Buffer {
  if (value[0] !== formatVersion) throw new Error(`a stored value has the unknown format ${value[0]}`);
  return value;
}

/**
 * The key, or the beginning of the keys, of a client.
 * @throws Error when the id is longer than 255 bytes.
 */
export function clientKey(clientId: string): Buffer {
  const length = Buffer.byteLength(clientId);
  if (length > clientIdMaxBytes) throw new Error(`the client id is longer than ${clientIdMaxBytes} bytes`);
  const key = Buffer.allocUnsafe(1 + length);
  key[0] = length;
  key.write(clientId, 1);
  return key;
}

/** The client whose key this is. */
export function clientOf(key: Buffer): string {
  return key.toString('utf8', 1, 1 + (key[0] ?? 0));
}

/** The key of one of a client's subscriptions. */
export function subscriptionKey(clientId: string, topic: string): Buffer {
  return Buffer.concat([clientKey(clientId), topicKey(topic)]);
}

/** The key of a packet in a client's queue. */
export function queueKey(clientId: string, sequence: number): Buffer {
  return numberedKey(clientId, sequence, sequenceBytes);
}

/** The place in its queue of the packet with this key. */
export function sequenceOf(key: Buffer): number {
  return key.readUIntBE(key.length - sequenceBytes, sequenceBytes);
}

/**
 * The key of a packet a client has sent and not yet released.
 * @throws Error when there is no such messageId in MQTT.
 */
export function incomingKey(clientId: string, messageId: number | undefined): Buffer {
  if (messageId === undefined || !Number.isInteger(messageId) || messageId < 0 || messageId > messageIdMax) {
    throw new Error('the packet has no messageId');
  }
  return numberedKey(clientId, messageId, 2);
}

function numberedKey(clientId: string, number: number, bytes: number): Buffer {
  const client = clientKey(clientId);
  const key = Buffer.allocUnsafe(client.length + bytes);
  key.set(client);
  key.writeUIntBE(number, client.length, bytes);
  return key;
}

/** The key of a topic: its text, as long as it fits. */
export function topicKey(topic: string): Buffer {
  const text = Buffer.from(topic);
  if (text.length <= topicKeyMaxBytes) return text;
  return Buffer.concat([text.subarray(0, topicKeyMaxBytes), createHash('sha256').update(text).digest()]);
}

/** What the keys of all topics that begin so begin with. */
export function topicKeyPrefix(beginning: string): Buffer {
  return Buffer.from(beginning).subarray(0, topicKeyMaxBytes);
}

/** The topic of a key, or null when the key holds only a part of it. */
export function topicOf(key: Buffer): string | null {
  return key.length <= topicKeyMaxBytes ? key.toString('utf8') : null;
}
