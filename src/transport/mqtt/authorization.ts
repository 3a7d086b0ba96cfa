/** What a machine may say and hear, how fast and how much. */

import type { Client, PublishPacket, Subscription } from 'aedes';
import { Problem } from '../../core/problem';
import { maySubscribe, publishTarget } from './acl';
import { innerClient } from './aedes-internals';
import type { Suspicion } from './authentication';
import type { Connections } from './connections';
import type { Counters } from './counters';
import type { PublishRate } from './publish-rate';
import type { MachineMessages } from './topics';
import type { Wills } from './wills';

/** Topic filters of one client. A machine has five topics; a client above this is no machine of ours. */
const subscriptionsMax = 64;
/** Who would have to wait longer for its turn to publish is not listening: its connection ends. */
const publishDelayMsMax = 30_000;
const topicCharactersLogged = 200;

interface Dependencies {
  connections: Connections;
  counters: Counters;
  messages: MachineMessages;
  rate: PublishRate;
  wills: Wills;
  storeRetained(packet: PublishPacket): Promise<void>;
  onSuspicion(suspicion: Suspicion): void;
  onError(error: unknown, maquinaId: string | null): void;
}

type SubscribeDone = (error: Error | null, subscription?: Subscription | null) => void;

export function createAuthorization(dependencies: Dependencies) {
  const { connections, counters, messages, rate, wills, storeRetained, onSuspicion, onError } = dependencies;
  /** The filters granted to each client, those still on their way into its session included. */
  const granted = new WeakMap<Client, Set<string>>();
  /** Messages that are acknowledged and go no further. */
  const dropped = new WeakSet<object>();

  function suspect(motivo: string, client: Client | null, topic: string, maquinaId: string | null): void {
    onSuspicion({
      motivo,
      maquinaId,
      ip: connections.addressOf(client),
      detalhe: topic.slice(0, topicCharactersLogged),
    });
  }

  /** Takes a message to its service. @param done hears of what must not be acknowledged. */
  function take(
    client: Client | null,
    maquinaId: string,
    target: keyof MachineMessages,
    packet: PublishPacket,
    done: (error?: Error) => void,
  ): void {
    // Only the connection is retained; a retained heartbeat would be told anew to every subscriber.
    if (target !== 'conexao') packet.retain = false;
    const testamento = client === null || innerClient(client).will === packet;
    const failed = (error: unknown): void => {
      // What is wrong with the message is counted and the message dropped; what is wrong with the store must not be
      // acknowledged, so the connection ends and the machine will send again.
      if (error instanceof Problem) {
        counters.invalid += 1;
        dropped.add(packet);
        done();
        return;
      }
      onError(error, maquinaId);
      done(new Error('the message could not be stored'));
    };
    messages[target](maquinaId, packet.payload, testamento).then((goesOn) => {
      if (goesOn === false) done(new Error('the will of a session that has passed'));
      // aedes acknowledges before it stores.
      else if (packet.retain && packet.qos > 0) storeRetained(packet).then(() => done(), failed);
      else done();
    }, failed);
  }

  return {
    authorizePublish(client: Client | null, packet: PublishPacket, done: (error?: Error) => void): void {
      const maquinaId = client ? connections.sessionOf(client)?.maquinaId : wills.machineOf(packet);
      const target = maquinaId === undefined ? null : publishTarget(maquinaId, packet.topic);
      if (maquinaId === undefined || target === null) {
        suspect('publicação em tópico alheio', client, packet.topic, maquinaId ?? null);
        counters.refuse('publish');
        done(new Error('not allowed to publish there'));
        return;
      }
      if (wills.isLate(client, maquinaId, packet)) {
        done(new Error('the will of a session that has passed'));
        return;
      }
      counters.messagesIn += 1;
      const delayMs = rate.take(maquinaId);
      if (delayMs === 0) {
        take(client, maquinaId, target, packet, done);
      } else if (delayMs > publishDelayMsMax) {
        counters.end('rate');
        done(new Error('publishes faster than allowed'));
      } else {
        // Until this one is done nothing more is read of the connection: the machine is slowed down to its rate.
        counters.throttled += 1;
        setTimeout(() => {
          // Of a connection that has ended meanwhile nothing was acknowledged, and the server may have stopped.
          if (client?.closed) done(new Error('the connection has ended'));
          else take(client, maquinaId, target, packet, done);
        }, delayMs);
      }
    },

    authorizeSubscribe(client: Client, subscription: Subscription, done: SubscribeDone): void {
      const maquinaId = connections.sessionOf(client)?.maquinaId;
      const { topic } = subscription;
      if (maquinaId === undefined || !maySubscribe(maquinaId, topic)) {
        suspect('assinatura de tópico alheio', client, topic, maquinaId ?? null);
        counters.refuse('subscribe');
        done(null, null);
        return;
      }
      // Those of a restored session count too.
      const filters = granted.get(client) ?? new Set(Object.keys(innerClient(client).subscriptions));
      granted.set(client, filters);
      const room = filters.size < subscriptionsMax || filters.has(topic);
      if (room) filters.add(topic);
      else counters.refuse('subscriptions');
      done(null, room ? subscription : null);
    },

    /** Whether a message was of no use to its service: nobody is told of it, and nothing of it is retained. */
    isDropped: (packet: object): boolean => dropped.has(packet),

    /** Gives back what a client has unsubscribed. */
    unsubscribed(client: Client, topics: readonly string[]): void {
      const filters = granted.get(client);
      for (const topic of topics) filters?.delete(topic);
    },
  };
}
