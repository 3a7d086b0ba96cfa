/** Ends a connection that announces a packet larger than allowed, before any of it is collected. */

import type { Client } from 'aedes';

const authenticatedBytesMax = 1024 * 1024;
/** A CONNECT holds identifiers, a token and a will: 64 KiB is plenty for whoever has not said who it is. */
const strangerBytesMax = 64 * 1024;

/** The part of mqtt-packet's parser this relies on; it has no limit of its own for MQTT 3.1.1. */
interface Parser {
  packet: { length: number };
  _parseLength(): boolean;
  _emitError(error: Error): void;
}

/** Guards the parser of one connection. */
export function limitPacketSize(client: Client): void {
  const { _parser: parser } = client as Client & { _parser: Parser };
  const parseLength = parser._parseLength.bind(parser);
  parser._parseLength = () => {
    const parsed = parseLength();
    const bytesMax = client.connected ? authenticatedBytesMax : strangerBytesMax;
    if (parsed && parser.packet.length > bytesMax) parser._emitError(new Error(`packet larger than ${bytesMax} bytes`));
    return parsed;
  };
}
