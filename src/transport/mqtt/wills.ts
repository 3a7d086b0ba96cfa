/**
 * Wills, where aedes alone would get them wrong: the will of a session that another has replaced is ignored, a taken over
 * connection does not take the stored will of its successor with it, and what a server that died left behind is published
 * soon after the next one starts, unless the machine came back meanwhile.
 */

import type { Client, PublishPacket } from 'aedes';
import { machineTopic } from '../../modules/maquinas/maquinas.schema';
import type { BrokerPersistence } from '../../storage/lmdb/broker-persistence';
import { innerClient } from './aedes-internals';
import type { Connections } from './connections';

const publishedTogetherMax = 100;

type Packet = NonNullable<Awaited<ReturnType<BrokerPersistence['getWill']>>>;

interface Dependencies {
  persistence: BrokerPersistence;
  connections: Connections;
  onError(error: unknown, maquinaId: string | null): void;
}

export type Wills = ReturnType<typeof createWills>;

export function createWills({ persistence, connections, onError }: Dependencies) {
  /** Whose the stored will of each client id is. */
  const owners = new Map<string, Client>();
  let timer: ReturnType<typeof setTimeout> | null = null;

  /** Publishes what is left of others than this broker, and forgets it. */
  async function publishLeft(brokerId: string, publish: (will: PublishPacket) => Promise<void>): Promise<void> {
    const left: Packet[] = [];
    const settle = async (): Promise<void> => {
      await Promise.all(left.splice(0).map((will) => publishOne(will, brokerId, publish)));
    };
    for await (const will of persistence.streamWill({ [brokerId]: true })) {
      left.push(will);
      if (left.length >= publishedTogetherMax) await settle();
    }
    await settle();
  }

  async function publishOne(
    will: Packet,
    brokerId: string,
    publish: (will: PublishPacket) => Promise<void>,
  ): Promise<void> {
    const { clientId = '', topic = '', payload = '', qos, retain = false } = will;
    const own = await persistence.getWill({ id: clientId });
    // The machine came back while the others were published, and left a will of its own.
    if (!own || own.brokerId === brokerId) return;
    try {
      await publish({
        cmd: 'publish',
        topic,
        payload,
        qos: qos === 1 || qos === 2 ? qos : 0,
        retain,
        dup: false,
      });
    } catch (error) {
      onError(error, null);
    }
    if (!owners.has(clientId)) await persistence.delWill({ id: clientId });
  }

  return {
    /** The persistence as aedes should see it. */
    guarded: {
      putWill(client: Client, will: Packet): Promise<void> {
        owners.set(client.id, client);
        return persistence.putWill(client, will);
      },

      /** aedes calls this for a connection that ends as well as for one that begins; only the latter hands over the client. */
      async delWill(ref: Client | { id: string }): Promise<Packet | undefined> {
        const owner = owners.get(ref.id);
        if (owner && owner !== ref && !owner.closed) return undefined;
        owners.delete(ref.id);
        return persistence.delWill(ref);
      },

      /** Left wills are published here, not by aedes every four minutes. */
      streamWill: () => [],
    },

    /** The machine a will speaks of whose connection is not known: its topic was found to be the machine's own. */
    machineOf({ topic }: PublishPacket): string | undefined {
      const [id] = topic.slice(machineTopic('').length).split('/');
      return id && topic.startsWith(`${machineTopic(id)}/`) ? id : undefined;
    },

    /** Whether a packet is the will of a session that another has replaced. */
    isLate(client: Client | null, maquinaId: string, packet: PublishPacket): boolean {
      if (client && innerClient(client).will !== packet) return false;
      for (const other of connections.ofMachine(maquinaId)) if (other.client !== client) return true;
      return false;
    },

    /** Publishes what the last broker left, once machines have had time to come back. */
    publishLeftAfter(graceMs: number, brokerId: string, publish: (will: PublishPacket) => Promise<void>): void {
      timer = setTimeout(() => {
        publishLeft(brokerId, publish).catch((error: unknown) => onError(error, null));
      }, graceMs);
    },

    stop(): void {
      if (timer) clearTimeout(timer);
    },
  };
}
