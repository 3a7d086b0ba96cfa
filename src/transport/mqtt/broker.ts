/** The MQTT 3.1.1 broker inside the process: who connects, what they may do, and how machines hear of their state. */

import type { EventEmitter } from 'node:events';
import { Aedes, type AuthenticateError, type Client, type ConnectPacket, type PublishPacket } from 'aedes';
import { type Clock, minuteMs } from '../../core/clock';
import type { CommittedEvent } from '../../core/events';
import { Problem } from '../../core/problem';
import { machineTokenPurpose } from '../../modules/licencas/ativacao.service';
import type { Estado } from '../../modules/maquinas/estado.service';
import { machineTopic } from '../../modules/maquinas/maquinas.schema';
import type { Presenca } from '../../modules/maquinas/presenca.service';
import type { Keyring } from '../../storage/keys/keyring';
import type { BrokerPersistence } from '../../storage/lmdb/broker-persistence';
import { maySubscribe, publishTarget } from './acl';
import { limitPacketSize } from './packet-limit';
import { type MachineMessages, messageText } from './topics';

const topicLevelsMax = 16;
const subscriptionsMax = 64;
const connectTimeoutMs = 10_000;
const sweepEveryMs = minuteMs;
const notAuthorized = 5;
const identifierRejected = 2;

/** How a client reaches the broker. */
export type Transporte = 'tcp' | 'tls' | 'websocket';

export interface Suspicion {
  motivo: string;
  maquinaId: string | null;
  ip: string | null;
  detalhe: string;
}

interface Dependencies {
  persistence: BrokerPersistence;
  messages: MachineMessages;
  estado: Estado;
  presenca: Presenca;
  keyring: Keyring;
  /** Whether an address may try another password now; counts the failure when asked to. */
  logins: { allowed(ip: string | null): boolean; failed(ip: string | null): void };
  clock: Clock;
  onSuspicion(suspicion: Suspicion): void;
  onError(error: unknown, maquinaId: string | null): void;
}

/** What is known of a connection, once it has said who it is. */
interface Session {
  maquinaId: string;
  tokenHmac: string;
  /** The revision of the state last forwarded to it. */
  revisaoEnviada: number | null;
  subscriptions: number;
}

export type Broker = Awaited<ReturnType<typeof createBroker>>;

export async function createBroker(dependencies: Dependencies) {
  const { persistence, messages, estado, presenca, keyring, logins, clock, onSuspicion, onError } = dependencies;
  const connects = new WeakMap<Client, ConnectPacket>();
  const addresses = new WeakMap<Client, string | null>();
  const sessions = new WeakMap<Client, Session>();
  const connected = new Map<string, Set<Client>>();

  const aedes = await Aedes.createBroker({
    persistence,
    maxTopicLevels: topicLevelsMax,
    connectTimeout: connectTimeoutMs,
    preConnect: (client, packet, done) => {
      connects.set(client, packet);
      done(null, true);
    },
    authenticate: (client, username, password, done) => {
      const refuse = (returnCode: number, detalhe: string): void => {
        if (returnCode === notAuthorized) logins.failed(addressOf(client));
        done(Object.assign(new Error(detalhe), { returnCode }) as AuthenticateError, null);
      };
      const packet = connects.get(client);
      const maquinaId = username ?? '';
      const asked = packet?.clientId ?? '';
      if (asked === '' ? packet?.clean !== true : asked !== maquinaId)
        return refuse(identifierRejected, 'client id is not the machine id');
      if (!logins.allowed(addressOf(client)))
        return refuse(notAuthorized, 'too many failed connections from this address');
      const tokenHmac = keyring.lookup(machineTokenPurpose, password?.toString('utf8') ?? '');
      const found = estado.byToken(tokenHmac);
      if (found?.maquina.id !== maquinaId) return refuse(notAuthorized, 'wrong machine id or token');
      const will = packet?.will;
      if (will && publishTarget(maquinaId, will.topic) === null) {
        suspect('testamento em tópico alheio', client, will.topic, maquinaId);
        return refuse(notAuthorized, 'will on a foreign topic');
      }
      // The retained state is current before the machine can subscribe to it, whatever happened while it was away.
      storeState(maquinaId).then(
        () => {
          sessions.set(client, { maquinaId, tokenHmac, revisaoEnviada: null, subscriptions: 0 });
          done(null, true);
        },
        (error: unknown) => {
          onError(error, maquinaId);
          refuse(3, 'the state of the machine could not be stored');
        },
      );
    },
    authorizePublish: (client, packet, done) => {
      const maquinaId = client ? sessions.get(client)?.maquinaId : willOwner(packet);
      const target = maquinaId === undefined ? null : publishTarget(maquinaId, packet.topic);
      if (maquinaId === undefined || target === null) {
        suspect('publicação em tópico alheio', client, packet.topic, maquinaId ?? null);
        return done(new Error('not allowed to publish there'));
      }
      if (isLateWill(client, maquinaId, packet)) return done(new Error('the will of a session that has passed'));
      // Only the connection is retained; a retained heartbeat would be told anew to every subscriber.
      if (target !== 'conexao') packet.retain = false;
      messages[target](maquinaId, packet.payload).then(
        () => done(),
        (error: unknown) => {
          // What is wrong with the message is counted and the message dropped; what is wrong with the store must not be
          // acknowledged, so the connection ends and the machine will send again.
          if (error instanceof Problem) return done();
          onError(error, maquinaId);
          done(new Error('the message could not be stored'));
        },
      );
    },
    authorizeSubscribe: (client, subscription, done) => {
      const session = sessions.get(client);
      if (!session || !maySubscribe(session.maquinaId, subscription.topic)) {
        suspect('assinatura de tópico alheio', client, subscription.topic, session?.maquinaId ?? null);
        return done(null, null);
      }
      if (session.subscriptions >= subscriptionsMax) return done(null, null);
      session.subscriptions += 1;
      done(null, subscription);
    },
    authorizeForward: (client, packet) => {
      const session = sessions.get(client);
      if (session && packet.topic === `${machineTopic(session.maquinaId)}/estado`) {
        const revisao = revisionOf(packet.payload);
        if (revisao !== null) {
          session.revisaoEnviada = revisao;
          estado.progress(session.maquinaId, revisao, 'bloqueio_enviado_em');
        }
      }
      return packet;
    },
  });

  // A heartbeat ends here: it is stored, and nobody else may subscribe to it. Sparing it the way through retained
  // messages, queues and subscribers is what lets one core take a hundred thousand a second.
  const publish = aedes.publish.bind(aedes);
  const isHeartbeat = (topic: string): boolean => topic.startsWith('narcidi/') && topic.endsWith('/heartbeat');
  Object.assign(aedes, {
    publish: (...call: Parameters<Aedes['publish']>) => {
      const [packet, ...rest] = call;
      const done = rest.at(-1);
      if (isHeartbeat(packet.topic) && typeof done === 'function') done();
      else publish(...call);
    },
  });

  // Without a listener, an error inside the broker would end the process.
  (aedes as EventEmitter).on('error', (error: unknown) => onError(error, null));
  aedes.on('clientReady', (client) => {
    const session = sessions.get(client);
    if (!session) return;
    const clients = connected.get(session.maquinaId) ?? new Set();
    connected.set(session.maquinaId, clients.add(client));
    presenca.connected(session.maquinaId);
  });
  aedes.on('clientDisconnect', (client) => {
    const session = sessions.get(client);
    const clients = session ? connected.get(session.maquinaId) : undefined;
    if (!session || !clients?.delete(client) || clients.size > 0) return;
    connected.delete(session.maquinaId);
    persistence.touch(client.id).catch((error: unknown) => onError(error, session.maquinaId));
    presenca.disconnected(session.maquinaId);
  });
  aedes.on('ack', (_packet, client) => {
    const session = sessions.get(client);
    if (session?.revisaoEnviada == null) return;
    estado.progress(session.maquinaId, session.revisaoEnviada, 'bloqueio_entregue_em');
    session.revisaoEnviada = null;
  });

  function addressOf(client: Client): string | null {
    return addresses.get(client) ?? null;
  }

  function suspect(motivo: string, client: Client | null, topic: string, maquinaId: string | null): void {
    onSuspicion({ motivo, maquinaId, ip: client ? addressOf(client) : null, detalhe: topic.slice(0, 200) });
  }

  /** Whether a will belongs to a session that another has replaced. */
  function isLateWill(client: Client | null, maquinaId: string, packet: PublishPacket): boolean {
    const clients = connected.get(maquinaId);
    if (!clients) return false;
    if (client === null) return clients.size > 0;
    const isWill = (client as Client & { will?: unknown }).will === packet;
    return isWill && [...clients].some((other) => other !== client);
  }

  async function storeState(maquinaId: string): Promise<void> {
    const packet = statePacket(maquinaId);
    if (packet) await persistence.storeRetained(packet);
  }

  function statePacket(maquinaId: string) {
    const current = estado.current(maquinaId);
    if (!current) return null;
    return {
      cmd: 'publish' as const,
      topic: `${machineTopic(maquinaId)}/estado`,
      payload: Buffer.from(JSON.stringify(current.payload)),
      qos: 1 as const,
      retain: true,
      dup: false,
    };
  }

  const sweeper = setInterval(() => {
    persistence.sweepSessions(clock.now()).catch((error: unknown) => onError(error, null));
  }, sweepEveryMs);

  return {
    /** Takes over a connection: a TCP or TLS socket, or a WebSocket as a stream. */
    handle(stream: Parameters<Aedes['handle']>[0], ip: string | null, _transporte: Transporte): void {
      const client = aedes.handle(stream);
      addresses.set(client, ip);
      limitPacketSize(client);
    },

    /** How many clients are connected. */
    connections: (): number => aedes.connectedClients,

    /** Tells a machine its present state; connected or not, the state is retained for it. */
    async tell(maquinaId: string): Promise<void> {
      const packet = statePacket(maquinaId);
      for (const client of connected.get(maquinaId) ?? []) {
        const session = sessions.get(client);
        // A credential that was rotated or ended with the machine ends its connections too.
        if (session && !estado.byToken(session.tokenHmac)) client.close();
      }
      if (!packet) return;
      await new Promise<void>((resolve, reject) =>
        aedes.publish(packet, (error) => (error ? reject(error) : resolve())),
      );
    },

    async close(): Promise<void> {
      clearInterval(sweeper);
      await new Promise<void>((resolve) => aedes.close(resolve));
      await persistence.destroy();
    },
  };
}

/** The machine whose will a broker publishes that found it after a restart. */
function willOwner(packet: PublishPacket & { clientId?: string }): string | undefined {
  return packet.clientId;
}

function revisionOf(payload: Buffer | string): number | null {
  try {
    const parsed: unknown = JSON.parse(messageText(payload));
    if (typeof parsed === 'object' && parsed !== null && 'revisao' in parsed && typeof parsed.revisao === 'number')
      return parsed.revisao;
  } catch {
    // Not a state of ours.
  }
  return null;
}

/** The events after which some machine's desired state, or its right to be connected, may be another. */
export function changesMachineState(tipo: CommittedEvent['tipo']): boolean {
  switch (tipo) {
    case 'cliente.bloqueado':
    case 'cliente.ativado':
    case 'cliente.cancelado':
    case 'licenca.atualizada':
    case 'licenca.renovada':
    case 'licenca.bloqueada':
    case 'licenca.desbloqueada':
    case 'licenca.cancelada':
    case 'licenca.desativada':
    case 'licenca.expirada':
    case 'licenca.iniciada':
    case 'plano.atualizado':
    case 'maquina.atualizada':
    case 'maquina.bloqueada':
    case 'maquina.desbloqueada':
    case 'maquina.excluida':
      return true;
    default:
      return false;
  }
}
