/**
 * Takes a machine's waiting commands to whoever receives for it: its stored session, whose queue outlives this process, and
 * its connections. A command that is in the queue already, or on its way over a connection, is not sent a second time;
 * without a receiver it stays in the database until the machine subscribes.
 */

import type { Client, PublishPacket } from 'aedes';
import type { Comandos } from '../../modules/maquinas/comandos.service';
import { machineTopic } from '../../modules/maquinas/maquinas.schema';
import type { BrokerPersistence } from '../../storage/lmdb/broker-persistence';
import { filterMatches } from '../../storage/lmdb/broker-topics';
import { innerClient } from './aedes-internals';
import type { Connections } from './connections';
import { type Deliveries, field } from './deliveries';

interface Dependencies {
  protocol: { publish(packet: PublishPacket): Promise<void> };
  persistence: BrokerPersistence;
  comandos: Pick<Comandos, 'porEntregar'>;
  deliveries: Deliveries;
  connections: Connections;
}

/** Whether one of a client's subscriptions is for a topic. */
export function subscribesTo(client: Client, topic: string): boolean {
  return Object.keys(innerClient(client).subscriptions).some((filter) => filterMatches(filter, topic));
}

export function createCommandDelivery({ protocol, persistence, comandos, deliveries, connections }: Dependencies) {
  /** Deliveries under way, one after another for each machine. */
  const running = new Map<string, Promise<void>>();

  async function queued(maquinaId: string, topic: string): Promise<Set<string>> {
    const ids = new Set<string>();
    for await (const packet of persistence.outgoingStream({ id: maquinaId })) {
      if (packet.topic !== topic) continue;
      const id = field(packet.payload, 'id');
      if (typeof id === 'string') ids.add(id);
    }
    return ids;
  }

  async function deliver(maquinaId: string): Promise<void> {
    if (connections.isResuming(maquinaId) || comandos.porEntregar(maquinaId).length === 0) return;
    const topic = `${machineTopic(maquinaId)}/comandos`;
    const stored = await persistence.subscriptionsByTopic(topic);
    const listening = [...connections.ofMachine(maquinaId)].filter(({ client }) => subscribesTo(client, topic));
    if (stored.length === 0 && listening.length === 0) return;
    const underWay = stored.length > 0 ? await queued(maquinaId, topic) : new Set<string>();
    for (const { client } of listening) for (const id of deliveries.comandosUnderWay(client)) underWay.add(id);
    // Asked again after the waiting: an answer may have come meanwhile.
    for (const comando of comandos.porEntregar(maquinaId)) {
      if (underWay.has(comando.id)) continue;
      if (connections.isResuming(maquinaId)) return;
      const payload = Buffer.from(JSON.stringify(comando));
      await protocol.publish({ cmd: 'publish', topic, payload, qos: 1, retain: false, dup: false });
    }
  }

  /** Delivers what waits for a machine; asked many times, it is sent once. */
  return async (maquinaId: string): Promise<void> => {
    const before = running.get(maquinaId) ?? Promise.resolve();
    const now = before.catch(() => undefined).then(() => deliver(maquinaId));
    running.set(maquinaId, now);
    try {
      await now;
    } finally {
      if (running.get(maquinaId) === now) running.delete(maquinaId);
    }
  };
}
