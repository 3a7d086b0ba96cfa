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

type Publish = (will: PublishPacket) => Promise<void>;

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

  /** Publishes what is left of others than this broker, and forgets it. @returns how many wills there were. */
  async function publishLeft(brokerId: string, publish: Publish): Promise<number> {
    let count = 0;
    const batch: Packet[] = [];
    const settle = () => Promise.all(batch.splice(0).map((will) => publishOne(will, brokerId, publish)));
    for await (const will of persistence.streamWill({ [brokerId]: true })) {
      batch.push(will);
      count += 1;
      if (batch.length >= publishedTogetherMax) await settle();
    }
    await settle();
    return count;
  }

  async function publishOne(will: Packet, brokerId: string, publish: Publish): Promise<void> {
    const { clientId = '', topic = '', payload = '', qos, retain = false } = will;
    const present = await persistence.getWill({ id: clientId });
    // The machine came back while others were published, and left a will of its own or none.
    if (!present || present.brokerId === brokerId) return;
    try {
      await publish({ cmd: 'publish', topic, payload, qos: qos === 1 || qos === 2 ? qos : 0, retain, dup: false });
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

    /**
     * Publishes what the last broker left, once machines have had time to come back.
     * @param onPublished hears how many wills there were, and that all are dealt with.
     */
    publishLeftAfter(graceMs: number, brokerId: string, publish: Publish, onPublished: (count: number) => void): void {
      timer = setTimeout(() => {
        publishLeft(brokerId, publish).then(onPublished, (error: unknown) => onError(error, null));
      }, graceMs);
    },

    stop(): void {
      if (timer) clearTimeout(timer);
    },
  };
}
