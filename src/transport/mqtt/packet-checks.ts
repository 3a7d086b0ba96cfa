/**
 * What MQTT 3.1.1 says a server must refuse and mqtt-packet lets through. Whoever sends it is cut off [MQTT-4.8.0-1]; what
 * is too large is refused as soon as it is announced, before any of it is collected.
 *
 * The checks stand inside the parser of each connection, as functions that all share: nothing is copied or parsed twice.
 */

import { isUtf8 } from 'node:buffer';
import type { Client } from 'aedes';
import { type InnerParser, innerClient } from './aedes-internals';
import { isFilter } from './topic-filters';

const authenticatedBytesMax = 1024 * 1024;
/** A CONNECT holds identifiers, a token and a will: 64 KiB is plenty for whoever has not said who it is. */
const strangerBytesMax = 64 * 1024;
/** Topic filters in one packet: each is answered and remembered for a moment. */
const filtersPerPacketMax = 1_000;

const protocolName = Buffer.from([0, 4, ...Buffer.from('MQTT')]);
const protocolLevel = 4;
/** What aedes answers with CONNACK 1. */
const unsupportedLevel = 0;
const willFlag = 0x04;
const willQosBits = 0x18;
const passwordFlag = 0x40;
const userNameFlag = 0x80;
const messageIdBytes = 2;

/** Guards the parser of a connection. @param onFault hears of a packet that ends it. */
export function checkPackets(client: Client, onFault: () => void): void {
  const { _parser: parser } = innerClient(client);
  parser.on('error', onFault);
  originals ??= { length: parser._parseLength, payload: parser._parsePayload, string: parser._parseString };
  Object.assign(parser, { _parseLength: parseLength, _parsePayload: parsePayload, _parseString: parseString });
}

/** The parser's own methods, the same for every connection. */
let originals: {
  length: InnerParser['_parseLength'];
  payload: InnerParser['_parsePayload'];
  string: InnerParser['_parseString'];
} | null = null;

function parseLength(this: InnerParser): boolean {
  const parsed = originals?.length.call(this) ?? false;
  const bytesMax = this.client.connected ? authenticatedBytesMax : strangerBytesMax;
  if (parsed && this.packet.length > bytesMax) this._emitError(new Error(`packet larger than ${bytesMax} bytes`));
  return parsed;
}

function parsePayload(this: InnerParser): boolean {
  if (this._list.length < this.packet.length) return false;
  if (this.packet.cmd === 'connect') {
    this._pos = 0;
    const fault = connectFault(this);
    if (fault === 'level') return true;
    if (fault) this._emitError(new Error(fault));
  }
  if (this.error) return true;
  const parsed = originals?.payload.call(this) ?? false;
  if (this.error || !parsed) return parsed;
  const fault = packetFault(this);
  if (fault) this._emitError(new Error(fault));
  return parsed;
}

function parseString(this: InnerParser): string | null {
  const from = this._pos + messageIdBytes;
  const text = originals?.string.call(this) ?? null;
  if (text === null) return null;
  // [MQTT-1.5.3-2]
  if (text.includes('\0')) this._emitError(new Error('U+0000 in a string'));
  // [MQTT-1.5.3-1]: what is not UTF-8, surrogates included, has been decoded to U+FFFD; the bytes tell it from a true one.
  else if (text.includes('\ufffd') && !isUtf8(this._list.slice(from, this._pos))) {
    this._emitError(new Error('a string that is not UTF-8'));
  }
  return text;
}

/** What is wrong with a CONNECT, before it is parsed; `level` when the parser should not even try. */
function connectFault(parser: InnerParser): string | 'level' | null {
  const { packet, _list: bytes } = parser;
  const flagsAt = protocolName.length + 1;
  // [MQTT-3.1.2-1]: any other protocol is none of ours to answer.
  if (packet.length <= flagsAt || !protocolName.equals(bytes.slice(0, protocolName.length))) {
    return isOldProtocol(parser) ? unsupported(parser) : 'not MQTT';
  }
  // [MQTT-3.1.2-2], and MQTT 5 of its own accord.
  if (bytes.readUInt8(protocolName.length) !== protocolLevel) return unsupported(parser);
  const flags = bytes.readUInt8(flagsAt);
  // [MQTT-3.1.2-14]
  if ((flags & willFlag) !== 0 && (flags & willQosBits) === willQosBits) return 'a will of QoS 3';
  // [MQTT-3.1.2-22]
  if ((flags & passwordFlag) !== 0 && (flags & userNameFlag) === 0) return 'a password without a user name';
  return null;
}

/** MQTT 3.1 had a name of its own. */
function isOldProtocol({ packet, _list: bytes }: InnerParser): boolean {
  const name = Buffer.from([0, 6, ...Buffer.from('MQIsdp')]);
  return packet.length > name.length && name.equals(bytes.slice(0, name.length));
}

function unsupported({ packet }: InnerParser): 'level' {
  packet.protocolVersion = unsupportedLevel;
  packet.clientId = '';
  return 'level';
}

/** What is wrong with a packet that the parser has taken. */
function packetFault({ packet, _pos: parsedBytes }: InnerParser): string | null {
  switch (packet.cmd) {
    case 'publish':
      if (parsedBytes > packet.length) return 'a PUBLISH shorter than its parts';
      // [MQTT-3.3.1-2]
      if (packet.qos === 0) return packet.dup ? 'DUP at QoS 0' : null;
      return messageIdFault(packet.messageId);
    case 'subscribe':
      return filtersFault(packet.subscriptions?.map(({ topic }) => topic)) ?? listFault(packet, parsedBytes);
    case 'unsubscribe':
      return filtersFault(packet.unsubscriptions) ?? listFault(packet, parsedBytes);
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
      return packet.length === messageIdBytes ? messageIdFault(packet.messageId) : 'an acknowledgement of wrong length';
    case 'connect':
      return packet.length === parsedBytes ? null : 'a CONNECT longer than its parts';
    default:
      return packet.length === 0 ? null : `a ${packet.cmd} with content`;
  }
}

/** [MQTT-2.3.1-1]; one that is cut off is read as -1. */
function messageIdFault(messageId: number | undefined): string | null {
  return messageId !== undefined && messageId > 0 ? null : 'packet identifier 0';
}

/** [MQTT-3.8.3-3], [MQTT-3.10.3-2] */
function filtersFault(filters: readonly string[] = []): string | null {
  if (filters.length === 0) return 'no topic filter';
  if (filters.length > filtersPerPacketMax) return 'too many topic filters in one packet';
  return filters.every(isFilter) ? null : 'a malformed topic filter';
}

function listFault({ messageId, length }: InnerParser['packet'], parsedBytes: number): string | null {
  return messageIdFault(messageId) ?? (parsedBytes === length ? null : 'topic filters longer than their packet');
}
