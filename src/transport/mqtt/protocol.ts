/**
 * An MQTT 3.1.1 server: aedes, and what it lacks of the standard and of what a public port needs. It knows nothing of
 * machines; who may do what is its policy.
 */

import type { EventEmitter } from 'node:events';
import { Aedes, type AedesOptions, type Client, type PublishPacket } from 'aedes';
import type { BrokerPersistence } from '../../storage/lmdb/broker-persistence';
import { innerBroker } from './aedes-internals';
import type { Connections, Transporte } from './connections';
import type { Counters } from './counters';
import { deliverWithoutWaiting, readWhenIdle } from './flow';
import { checkPackets } from './packet-checks';
import { markDuplicates } from './redelivery';
import { storeTogether } from './retaining';
import { registerInOrder } from './takeover';
import type { Wills } from './wills';

const topicLevelsMax = 16;
/** A connection has so long to say who it is. */
const connectTimeoutMs = 10_000;
/** A client that has read nothing for so long while there was something to read is gone. */
const drainTimeoutMs = 30_000;
/** Packets sent right behind CONNECT, without waiting for its answer. */
const packetsBeforeConnackMax = 1_000;

type Handlers = Pick<
  AedesOptions,
  'preConnect' | 'authenticate' | 'authorizePublish' | 'authorizeSubscribe' | 'authorizeForward'
>;

export interface Policy extends Handlers {
  /** Whether a message ends with its authorisation: nobody is told of it. */
  endsHere(packet: PublishPacket): boolean;
  /** A connection has begun; nothing of it has been read. */
  opened(client: Client): void;
}

interface Dependencies {
  persistence: BrokerPersistence;
  connections: Connections;
  counters: Counters;
  wills: Wills;
  policy: Policy;
  onError(error: unknown): void;
}

export async function createProtocol(dependencies: Dependencies) {
  const { persistence, connections, counters, wills, policy, onError } = dependencies;
  const { endsHere, opened, ...handlers } = policy;
  const aedes = await Aedes.createBroker({
    ...handlers,
    persistence: {
      ...persistence,
      ...wills.guarded,
      ...storeTogether(persistence),
      outgoingStream: markDuplicates(persistence.outgoingStream),
    },
    maxTopicLevels: topicLevelsMax,
    connectTimeout: connectTimeoutMs,
    drainTimeout: drainTimeoutMs,
    queueLimit: packetsBeforeConnackMax,
  });
  registerInOrder(aedes);

  // What ends here is spared the way through retained messages, queues and subscribers: that is what lets one core take a
  // hundred thousand heartbeats a second.
  const broker = innerBroker(aedes);
  const publish = broker.publish.bind(aedes);
  broker.publish = (packet, client, done) => {
    if (typeof done === 'function' && endsHere(packet)) done();
    else publish(packet, client, done);
  };

  // Without a listener, an error inside the broker would end the process.
  (aedes as EventEmitter).on('error', onError);
  aedes.on('keepaliveTimeout', () => counters.end('keepalive'));
  aedes.on('connectionError', (_client, error) => {
    if (error.message.startsWith('connect did not arrive')) counters.end('timeout');
  });

  return {
    id: aedes.id,
    on: aedes.on.bind(aedes),

    /**
     * Takes over a connection: a TCP or TLS socket, or a WebSocket as a stream.
     * @returns false when there is no room for it; it is destroyed then.
     */
    handle(stream: Parameters<Aedes['handle']>[0], ip: string | null, transporte: Transporte): boolean {
      if (!connections.admits(ip)) {
        stream.on('error', () => undefined);
        stream.destroy();
        return false;
      }
      const client = aedes.handle(stream);
      connections.add(client, ip, transporte);
      checkPackets(client, () => counters.end('malformed'));
      readWhenIdle(client);
      deliverWithoutWaiting(client, counters);
      opened(client);
      return true;
    },

    /** Publishes as the server; resolves once it is stored for everybody it goes to. */
    publish(packet: PublishPacket): Promise<void> {
      return new Promise((resolve, reject) => {
        aedes.publish(packet, (error) => (error ? reject(error) : resolve()));
      });
    },

    async close(): Promise<void> {
      wills.stop();
      await new Promise<void>((resolve) => aedes.close(resolve));
      await persistence.destroy();
    },
  };
}
