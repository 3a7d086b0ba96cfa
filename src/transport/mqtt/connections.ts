/** Who is connected: every connection from its first byte to its last, and how many there may be. */

import type { Client } from 'aedes';
import { type InnerClient, innerClient } from './aedes-internals';
import type { Counters, Refusal } from './counters';

/** How a client reaches the broker. */
export type Transporte = 'tcp' | 'tls' | 'websocket';

/** Connections of one machine: its own, and a few with an empty client id beside it. */
const perMachineMax = 4;
/** Connections of one address that have not said who they are. */
const strangersPerAddressMax = 1_000;

export interface ConnectionLimits {
  connectionsMax: number;
  /** Null lifts the limits of an address. */
  perAddressMax: number | null;
}

/** What is known of a connection, once it has said who it is. */
export interface Session {
  maquinaId: string;
  tokenHmac: string;
}

export interface Connection {
  client: InnerClient;
  ip: string | null;
  transporte: Transporte;
  session: Session | null;
}

interface Dependencies {
  limits: ConnectionLimits;
  counters: Counters;
  /** A connection that had a session is over. @param last whether it was the machine's last one. */
  onGone(connection: Connection & { session: Session }, last: boolean): void;
}

export type Connections = ReturnType<typeof createConnections>;

export function createConnections({ limits, counters, onGone }: Dependencies) {
  const open = new Set<Connection>();
  /** Those that are over as well, for as long as aedes speaks of their clients. */
  const byClient = new WeakMap<Client, Connection>();
  const byMachine = new Map<string, Set<Connection>>();
  const addresses = new Map<string, { all: number; strangers: number }>();
  const byTransport: Record<Transporte, number> = { tcp: 0, tls: 0, websocket: 0 };

  function refusal(ip: string | null): Refusal | null {
    if (open.size >= limits.connectionsMax) return 'connections';
    if (ip === null || limits.perAddressMax === null) return null;
    const { all, strangers } = addresses.get(ip) ?? { all: 0, strangers: 0 };
    if (all >= limits.perAddressMax) return 'address';
    return strangers >= strangersPerAddressMax ? 'strangers' : null;
  }

  function count(ip: string | null, all: number, strangers: number): void {
    if (ip === null) return;
    const known = addresses.get(ip) ?? { all: 0, strangers: 0 };
    known.all += all;
    known.strangers += strangers;
    if (known.all > 0) addresses.set(ip, known);
    else addresses.delete(ip);
  }

  function remove(connection: Connection): void {
    const { ip, transporte, session } = connection;
    if (!open.delete(connection)) return;
    byTransport[transporte] -= 1;
    count(ip, -1, session ? 0 : -1);
    if (!session) return;
    const ofMachine = byMachine.get(session.maquinaId);
    ofMachine?.delete(connection);
    const last = !ofMachine || ofMachine.size === 0;
    if (last) byMachine.delete(session.maquinaId);
    onGone({ ...connection, session }, last);
  }

  return {
    /** Whether there is room for one more from an address; counts the refusal. */
    admits(ip: string | null): boolean {
      const reason = refusal(ip);
      if (reason) counters.refuse(reason);
      return reason === null;
    },

    /** Keeps a connection until its stream closes. */
    add(client: Client, ip: string | null, transporte: Transporte): void {
      const connection: Connection = { client: innerClient(client), ip, transporte, session: null };
      open.add(connection);
      byClient.set(client, connection);
      byTransport[transporte] += 1;
      count(ip, 1, 1);
      counters.accepted += 1;
      client.conn.once('close', () => remove(connection));
    },

    /** The connection has shown whose it is. @returns false when the machine has too many. */
    identified(client: Client, session: Session): boolean {
      const connection = byClient.get(client);
      if (!connection || !open.has(connection)) return false;
      const ofMachine = byMachine.get(session.maquinaId) ?? new Set();
      // One of the same client id is about to be taken over.
      const others = [...ofMachine].filter((other) => other.client.id !== client.id).length;
      if (others >= perMachineMax) return false;
      connection.session = session;
      byMachine.set(session.maquinaId, ofMachine.add(connection));
      count(connection.ip, 0, -1);
      return true;
    },

    of: (client: Client): Connection | undefined => byClient.get(client),

    sessionOf: (client: Client): Session | null => byClient.get(client)?.session ?? null,

    addressOf: (client: Client | null): string | null => (client ? (byClient.get(client)?.ip ?? null) : null),

    /** The open connections of a machine. */
    ofMachine: (maquinaId: string): Iterable<Connection> => byMachine.get(maquinaId) ?? [],

    /**
     * Whether a stored session of the machine is being taken up. While aedes reads its queue nothing may be published to it:
     * it would come twice, and its receipt would pull the packet from under the reader, which ends the connection.
     */
    isResuming(maquinaId: string): boolean {
      for (const { client } of byMachine.get(maquinaId) ?? []) {
        if (!client.clean && !client.connected && !client.closed) return true;
      }
      return false;
    },

    size: (): number => open.size,
    byTransport: (): Record<Transporte, number> => ({ ...byTransport }),
  };
}
