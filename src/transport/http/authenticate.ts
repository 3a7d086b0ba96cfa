/** The actor behind a bearer credential: a user's access token or a machine's own token. */

import { Problem } from '../../core/problem';
import type { Acesso } from '../../modules/acesso/acesso.service';
import { machineTokenPurpose } from '../../modules/licencas/ativacao.service';
import type { Estado } from '../../modules/maquinas/estado.service';
import type { Keyring } from '../../storage/keys/keyring';
import { contextOf } from './kit/context';
import type { Authenticate } from './kit/platform';

interface Dependencies {
  acesso: Acesso;
  estado: Estado;
  keyring: Keyring;
}

export function createAuthenticate({ acesso, estado, keyring }: Dependencies): Authenticate {
  return async (token, request) => {
    const { ip, requestId, idempotencia } = contextOf(request);
    const caller = { ip, requestId, idempotencia };
    if (!token.startsWith('nm_')) return acesso.autenticar(token, caller);
    const found = estado.byToken(keyring.lookup(machineTokenPurpose, token));
    if (!found) throw new Problem('TOKEN_INVALIDO');
    return { tipo: 'maquina', id: found.maquina.id, nome: found.maquina.nome, permissoes: [], ...caller };
  };
}
