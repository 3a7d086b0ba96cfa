/** Who may connect: a machine with its own token, under its own id (contract section 4). */

import type { AuthenticateError, Client, ConnectPacket } from 'aedes';
import { machineTokenPurpose } from '../../modules/licencas/ativacao.service';
import type { Estado } from '../../modules/maquinas/estado.service';
import type { Keyring } from '../../storage/keys/keyring';
import { publishTarget } from './acl';
import type { Connections } from './connections';
import type { Counters, Refusal } from './counters';

/** Codes of CONNACK, MQTT 3.1.1 table 3.1. */
const identifierRejected = 2;
const serverUnavailable = 3;
const notAuthorized = 5;

const topicCharactersLogged = 200;

/** Whether an address may try another password now; counts the failure when asked to. */
export interface Logins {
  allowed(ip: string | null): boolean;
  failed(ip: string | null): void;
}

export interface Suspicion {
  motivo: string;
  maquinaId: string | null;
  ip: string | null;
  detalhe: string;
}

interface Dependencies {
  estado: Pick<Estado, 'byToken'>;
  keyring: Keyring;
  logins: Logins;
  connections: Connections;
  counters: Counters;
  /** Makes the retained state of a machine current, whatever happened while it was away. */
  storeState(maquinaId: string): Promise<void>;
  onSuspicion(suspicion: Suspicion): void;
  onError(error: unknown, maquinaId: string | null): void;
}

type Done = (error: AuthenticateError | null, success: boolean | null) => void;

interface Refused {
  returnCode: number;
  reason: Refusal;
  detalhe: string;
}

export function createAuthentication(dependencies: Dependencies) {
  const { estado, keyring, logins, connections, counters, storeState, onSuspicion, onError } = dependencies;
  const connects = new WeakMap<Client, ConnectPacket>();

  function judge(
    client: Client,
    maquinaId: string,
    password: Buffer | undefined,
    packet: ConnectPacket | undefined,
  ): Refused | null {
    const ip = connections.addressOf(client);
    const asked = packet?.clientId ?? '';
    if (asked === '' ? packet?.clean !== true : asked !== maquinaId) {
      return { returnCode: identifierRejected, reason: 'identifier', detalhe: 'client id is not the machine id' };
    }
    if (!logins.allowed(ip)) {
      return { returnCode: notAuthorized, reason: 'logins', detalhe: 'too many failed connections from this address' };
    }
    const tokenHmac = keyring.lookup(machineTokenPurpose, password?.toString('utf8') ?? '');
    if (estado.byToken(tokenHmac)?.maquina.id !== maquinaId) {
      return { returnCode: notAuthorized, reason: 'credential', detalhe: 'wrong machine id or token' };
    }
    const topic = packet?.will?.topic;
    if (topic !== undefined && publishTarget(maquinaId, topic) === null) {
      const detalhe = topic.slice(0, topicCharactersLogged);
      onSuspicion({ motivo: 'testamento em tópico alheio', maquinaId, ip, detalhe });
      return { returnCode: notAuthorized, reason: 'will', detalhe: 'will on a foreign topic' };
    }
    return connections.identified(client, { maquinaId, tokenHmac })
      ? null
      : { returnCode: serverUnavailable, reason: 'machine', detalhe: 'too many connections of this machine' };
  }

  return {
    /** Keeps what CONNECT said besides name and password. */
    preConnect(client: Client, packet: ConnectPacket, done: (error: Error | null, success: boolean) => void): void {
      connects.set(client, packet);
      done(null, true);
    },

    authenticate(client: Client, username: string | undefined, password: Buffer | undefined, done: Done): void {
      const refuse = ({ returnCode, reason, detalhe }: Refused): void => {
        counters.refuse(reason);
        if (returnCode === notAuthorized) logins.failed(connections.addressOf(client));
        done(Object.assign(new Error(detalhe), { returnCode }) as AuthenticateError, null);
      };
      const maquinaId = username ?? '';
      const refused = judge(client, maquinaId, password, connects.get(client));
      connects.delete(client);
      if (refused) {
        refuse(refused);
        return;
      }
      // The retained state is current before the machine can subscribe to it.
      storeState(maquinaId).then(
        () => done(null, true),
        (error: unknown) => {
          onError(error, maquinaId);
          refuse({ returnCode: serverUnavailable, reason: 'store', detalhe: 'the state could not be stored' });
        },
      );
    },
  };
}
