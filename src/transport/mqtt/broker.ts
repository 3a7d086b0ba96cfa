/** The broker of the machines: who connects, what they may do, and how they hear of their state. */

import type { Client, PublishPacket } from 'aedes';
import { type Clock, minuteMs } from '../../core/clock';
import type { Comandos } from '../../modules/maquinas/comandos.service';
import type { Estado, EstadoPayload } from '../../modules/maquinas/estado.service';
import { machineTopic } from '../../modules/maquinas/maquinas.schema';
import type { Presenca } from '../../modules/maquinas/presenca.service';
import type { Keyring } from '../../storage/keys/keyring';
import type { BrokerPersistence } from '../../storage/lmdb/broker-persistence';
import { createAuthentication, type Logins, type Suspicion } from './authentication';
import { createAuthorization } from './authorization';
import { createCommandDelivery, subscribesTo } from './commands';
import { type ConnectionLimits, createConnections } from './connections';
import { createCounters } from './counters';
import { createDeliveries } from './deliveries';
import { createProtocol } from './protocol';
import { createPublishRate, type PublishRatePolicy } from './publish-rate';
import type { MachineMessages } from './topics';
import { createWills } from './wills';

const sweepEveryMs = minuteMs;
/** Machines told together: they share their transactions, and nobody else has a turn between them. */
const toldTogetherMax = 100;

interface Dependencies {
  persistence: BrokerPersistence;
  messages: MachineMessages;
  estado: Estado;
  comandos: Comandos;
  presenca: Presenca;
  keyring: Keyring;
  logins: Logins;
  limits: ConnectionLimits & { publishRate: PublishRatePolicy };
  /** How long after a start machines may take to come back before what a dead server left of them is published. */
  returnGraceMs: number;
  /** Hears how many wills that was. */
  onWillsPublished(count: number): void;
  clock: Clock;
  onSuspicion(suspicion: Suspicion): void;
  onError(error: unknown, maquinaId: string | null): void;
}

export type Broker = Awaited<ReturnType<typeof createBroker>>;

export async function createBroker(dependencies: Dependencies) {
  const { persistence, messages, estado, comandos, presenca, keyring, logins, limits, clock, onSuspicion, onError } =
    dependencies;
  const counters = createCounters();
  const rate = createPublishRate(clock, limits.publishRate);
  const connections = createConnections({
    limits,
    counters,
    onGone: ({ client, session: { maquinaId } }, last) => {
      if (!last) return;
      persistence.touch(client.id).catch((error: unknown) => onError(error, maquinaId));
      presenca.disconnected(maquinaId, client._disconnected);
    },
  });
  const wills = createWills({ persistence, connections, onError });
  const deliveries = createDeliveries({ estado, comandos, connections });
  const { preConnect, authenticate } = createAuthentication({
    estado,
    keyring,
    logins,
    connections,
    counters,
    storeState,
    onSuspicion,
    onError,
  });
  const { authorizePublish, authorizeSubscribe, unsubscribed, isDropped } = createAuthorization({
    connections,
    counters,
    messages,
    rate,
    wills,
    storeRetained: persistence.storeRetained,
    onSuspicion,
    onError,
  });
  const protocol = await createProtocol({
    persistence,
    connections,
    counters,
    wills,
    policy: {
      preConnect,
      authenticate,
      authorizePublish,
      authorizeSubscribe,
      authorizeForward: deliveries.forwarded,
      opened: deliveries.watch,
      // A heartbeat is stored once it is authorised, and nobody may subscribe to it.
      endsHere: (packet) =>
        (packet.topic.startsWith('narcidi/') && packet.topic.endsWith('/heartbeat')) || isDropped(packet),
    },
    onError: (error) => onError(error, null),
  });
  protocol.on('unsubscribe', (topics, client) => unsubscribed(client, topics));
  protocol.on('clientReady', (client: Client) => {
    const session = connections.sessionOf(client);
    if (!session) return;
    presenca.connected(session.maquinaId);
    if (!client.clean) resumed(session.maquinaId);
  });
  const deliverCommands = createCommandDelivery({ protocol, persistence, comandos, deliveries, connections });
  protocol.on('subscribe', (_, client) => {
    const session = connections.sessionOf(client);
    if (session && subscribesTo(client, `${machineTopic(session.maquinaId)}/comandos`)) command(session.maquinaId);
  });
  const publishWill = async (will: PublishPacket): Promise<void> => {
    const late = await new Promise<boolean>((resolve) => {
      authorizePublish(null, will, (error) => resolve(error !== undefined));
    });
    if (!late) await protocol.publish(will);
  };
  wills.publishLeftAfter(dependencies.returnGraceMs, protocol.id, publishWill, dependencies.onWillsPublished);

  const sweeper = setInterval(() => {
    rate.sweep();
    persistence.sweepSessions(clock.now()).catch((error: unknown) => onError(error, null));
  }, sweepEveryMs);

  function command(maquinaId: string): void {
    deliverCommands(maquinaId).catch((error: unknown) => onError(error, maquinaId));
  }

  /** Machines that were not told their state because their session was being taken up. */
  const untold = new Set<string>();

  /** What a stored session subscribed to is subscribed again without a word: what waits for the machine goes out now. */
  function resumed(maquinaId: string): void {
    command(maquinaId);
    if (untold.delete(maquinaId)) tell(maquinaId).catch((error: unknown) => onError(error, maquinaId));
  }

  async function storeState(maquinaId: string): Promise<void> {
    const current = estado.current(maquinaId);
    if (current) await persistence.storeRetained(statePacket(maquinaId, current.payload));
  }

  /** Tells a machine its present state; connected or not, the state is retained for it. */
  async function tell(maquinaId: string): Promise<void> {
    const current = estado.current(maquinaId);
    if (!current) return forget(maquinaId);
    const { ativa, token_hmac } = current.maquina;
    for (const { client, session } of connections.ofMachine(maquinaId)) {
      // A credential that was rotated or ended with the machine ends its connections too.
      if (session && !(ativa && session.tokenHmac === token_hmac)) client.close();
    }
    const packet = statePacket(maquinaId, current.payload);
    if (!connections.isResuming(maquinaId)) return protocol.publish(packet);
    untold.add(maquinaId);
    await persistence.storeRetained(packet);
  }

  /** A machine that was removed leaves nothing: its connections, session and will, and what is retained for it. */
  async function forget(maquinaId: string): Promise<void> {
    for (const { client } of connections.ofMachine(maquinaId)) {
      client.will = null;
      client.close();
    }
    const base = machineTopic(maquinaId);
    await persistence.forget(maquinaId, [`${base}/estado`, `${base}/conexao`]);
  }

  return {
    handle: protocol.handle,

    /** How many clients are connected. */
    connections: connections.size,

    /** What the broker counts, for `/metrics`. */
    stats: () => ({
      connections: connections.size(),
      connectionsByTransport: connections.byTransport(),
      accepted: counters.accepted,
      refused: counters.refused(),
      ended: counters.ended(),
      messagesIn: counters.messagesIn,
      messagesOut: counters.messagesOut,
      throttled: counters.throttled,
      dropped: counters.dropped,
      invalid: counters.invalid,
      queued: persistence.queued(),
    }),

    /** Notes messages that a client lost because too many waited for it. */
    noteDropped(count: number): void {
      counters.dropped += count;
    },

    tell,

    /** Tells many machines, a bounded number at a time. */
    async tellAll(maquinaIds: readonly string[]): Promise<void> {
      for (let from = 0; from < maquinaIds.length; from += toldTogetherMax) {
        await Promise.all(maquinaIds.slice(from, from + toldTogetherMax).map(tell));
        // Between batches others get their turn.
        await new Promise((resolve) => setImmediate(resolve));
      }
    },

    /** Delivers the commands that wait for a machine, if anybody receives for it. */
    command: deliverCommands,

    async close(): Promise<void> {
      clearInterval(sweeper);
      await protocol.close();
    },
  };
}

function statePacket(maquinaId: string, payload: EstadoPayload): PublishPacket {
  return {
    cmd: 'publish',
    topic: `${machineTopic(maquinaId)}/estado`,
    payload: Buffer.from(JSON.stringify(payload)),
    qos: 1,
    retain: true,
    dup: false,
  };
}
