/**
 * What is relied on of aedes 1.2 and mqtt-packet 9 beyond their own types, in one place. Both are pinned; the tests of the
 * broker fail when an update changes any of it.
 */

import type { Aedes, Client, PublishPacket } from 'aedes';

type Deliver = (packet: PublishPacket, done: () => void) => void;

/** mqtt-packet's parser: a packet passes through these methods in this order. */
export interface InnerParser {
  client: InnerClient;
  packet: {
    cmd: string;
    /** Of what follows the fixed header. */
    length: number;
    qos: number;
    dup: boolean;
    messageId?: number;
    topic?: string;
    protocolVersion?: number;
    clientId?: string;
    subscriptions?: { topic: string; qos: number }[];
    unsubscriptions?: string[];
  };
  /** Set once something was wrong; nothing more is parsed. */
  error: Error | null;
  /** The bytes received, from the packet's content on. */
  _list: { length: number; readUInt8(at: number): number; slice(from: number, to: number): Buffer };
  /** How much of the content has been parsed. */
  _pos: number;
  _parseLength(): boolean;
  _parsePayload(): boolean;
  _parseString(): string | null;
  _emitError(error: Error): void;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'packet', listener: (packet: InnerParser['packet']) => void): unknown;
}

export interface InnerClient extends Client {
  _parser: InnerParser;
  /** How many parsed packets have not been dealt with; nothing more is read until there are none. */
  _parsingBatch: number;
  /** A packet has been dealt with: reads on when it was the last one. */
  _nextBatch(error?: unknown): void;
  /** Reads nothing for now. */
  _paused?: boolean;
  /** The identifier of the next packet to this client. */
  _nextId: number;
  /** Said goodbye with DISCONNECT. */
  _disconnected: boolean;
  will: PublishPacket | null;
  subscriptions: Record<string, { qos: number }>;
  deliver0: Deliver;
  deliverQoS: Deliver;
}

type Published = (error?: Error) => void;

export interface InnerBroker extends Omit<Aedes, 'publish'> {
  /** Called with a client and what to do next, or without the client. */
  publish(packet: PublishPacket, client: Client | Published, done?: Published): void;
  clients: Readonly<Record<string, InnerClient>>;
  registerClient(client: InnerClient): void;
  _finishRegisterClient(client: InnerClient): void;
  unregisterClient(client: InnerClient): void;
}

export function innerClient(client: Client): InnerClient {
  return client as InnerClient;
}

export function innerBroker(aedes: Aedes): InnerBroker {
  return aedes as unknown as InnerBroker;
}
