/** Which revision of its desired state each machine has been sent and has acknowledged. */

import type { Client, PublishPacket } from 'aedes';
import type { Estado } from '../../modules/maquinas/estado.service';
import { machineTopic } from '../../modules/maquinas/maquinas.schema';
import type { Connections } from './connections';
import { messageText } from './topics';

interface Dependencies {
  estado: Pick<Estado, 'progress'>;
  connections: Connections;
}

export function createStateProgress({ estado, connections }: Dependencies) {
  return {
    /** A packet is about to be sent to a client. */
    forwarded<P extends PublishPacket>(client: Client, packet: P): P {
      const session = connections.sessionOf(client);
      if (session && packet.topic === `${machineTopic(session.maquinaId)}/estado`) {
        const revisao = revisionOf(packet.payload);
        if (revisao !== null) {
          session.revisaoEnviada = revisao;
          estado.progress(session.maquinaId, revisao, 'bloqueio_enviado_em');
        }
      }
      return packet;
    },

    /** A client has acknowledged a packet. */
    acknowledged(client: Client): void {
      const session = connections.sessionOf(client);
      if (session?.revisaoEnviada == null) return;
      estado.progress(session.maquinaId, session.revisaoEnviada, 'bloqueio_entregue_em');
      session.revisaoEnviada = null;
    },
  };
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
