/**
 * How far states and commands come on their way to a machine: sent when the broker writes them to a connection, received when
 * its PUBACK comes. aedes tells neither for a clean session, so each packet is given its identifier here, and its PUBACK is
 * read as it arrives.
 */

import type { AedesPublishPacket, Client } from 'aedes';
import type { Comandos } from '../../modules/maquinas/comandos.service';
import type { Estado } from '../../modules/maquinas/estado.service';
import { machineTopic } from '../../modules/maquinas/maquinas.schema';
import { innerClient } from './aedes-internals';
import type { Connections } from './connections';
import { messageText } from './topics';

/** Packets on their way to one client; the receipt of older ones goes unnoticed. */
const awaitedMax = 1_000;
const messageIdMax = 65_535;

type Awaited = { revisao: number } | { comandoId: string };

interface Dependencies {
  estado: Pick<Estado, 'progress'>;
  comandos: Pick<Comandos, 'andou' | 'porEntregar'>;
  connections: Connections;
}

export type Deliveries = ReturnType<typeof createDeliveries>;

export function createDeliveries({ estado, comandos, connections }: Dependencies) {
  const awaitedBy = new WeakMap<Client, Map<number, Awaited>>();

  function awaitReceipt(client: Client, packet: AedesPublishPacket, what: Awaited): void {
    const inner = innerClient(client);
    if (!packet.messageId) {
      packet.messageId = inner._nextId;
      inner._nextId = inner._nextId >= messageIdMax ? 1 : inner._nextId + 1;
    }
    const awaited = awaitedBy.get(client) ?? new Map<number, Awaited>();
    awaitedBy.set(client, awaited);
    const oldest = awaited.keys().next();
    if (awaited.size >= awaitedMax && !oldest.done) awaited.delete(oldest.value);
    awaited.set(packet.messageId, what);
  }

  /** The commands that are on their way over a connection. */
  function* underWay(client: Client): Generator<string> {
    for (const what of awaitedBy.get(client)?.values() ?? []) if ('comandoId' in what) yield what.comandoId;
  }

  return {
    /** Hears the receipts of a connection. */
    watch(client: Client): void {
      innerClient(client)._parser.on('packet', (packet) => {
        if (packet.cmd !== 'puback' || packet.messageId === undefined) return;
        const awaited = awaitedBy.get(client);
        const what = awaited?.get(packet.messageId);
        const maquinaId = connections.sessionOf(client)?.maquinaId;
        if (!what || maquinaId === undefined) return;
        awaited?.delete(packet.messageId);
        if ('revisao' in what) estado.progress(maquinaId, what.revisao, 'bloqueio_entregue_em');
        else comandos.andou(what.comandoId, 'recebido');
      });
    },

    /** A packet is about to go out to a machine. @returns null for a command that is not to be delivered any more. */
    forwarded(client: Client, packet: AedesPublishPacket): AedesPublishPacket | null {
      const maquinaId = connections.sessionOf(client)?.maquinaId;
      if (maquinaId === undefined) return packet;
      const base = machineTopic(maquinaId);
      if (packet.topic === `${base}/estado`) {
        const revisao = field(packet.payload, 'revisao');
        if (typeof revisao !== 'number') return packet;
        awaitReceipt(client, packet, { revisao });
        estado.progress(maquinaId, revisao, 'bloqueio_enviado_em');
      }
      if (packet.topic === `${base}/comandos`) {
        const comandoId = field(packet.payload, 'id');
        if (typeof comandoId !== 'string') return packet;
        // Published while the machine was connecting, it may have come from the queue already. The other way round it comes
        // twice, as QoS 1 allows: what aedes takes from the queue it would take out of it, were it refused here.
        if (!packet.messageId && [...underWay(client)].includes(comandoId)) return null;
        if (!comandos.porEntregar(maquinaId).some(({ id }) => id === comandoId)) return null;
        awaitReceipt(client, packet, { comandoId });
        comandos.andou(comandoId, 'enviado');
      }
      return packet;
    },

    comandosUnderWay: underWay,
  };
}

/** One field of a JSON payload; undefined when it is no object. */
export function field(payload: Buffer | string | undefined, name: string): unknown {
  try {
    const parsed: unknown = JSON.parse(messageText(payload ?? ''));
    if (typeof parsed === 'object' && parsed !== null) return new Map(Object.entries(parsed)).get(name);
  } catch {
    // Not a message of ours.
  }
  return undefined;
}
