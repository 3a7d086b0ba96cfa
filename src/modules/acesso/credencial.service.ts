/** API keys as credentials: whether a client is who it says, and what it may do at this moment. */

import { timingSafeEqual } from 'node:crypto';
import { type Actor, intersect } from '../../core/actor';
import type { Clock } from '../../core/clock';
import { Problem } from '../../core/problem';
import type { Keyring } from '../../storage/keys/keyring';
import type { UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { findUsuario } from './acesso.store';
import { refusalOf } from './chaves-api.model';
import { chaveApiPurpose } from './chaves-api.service';
import { type ChaveApi, findChaveApi, touchChaveApi } from './chaves-api.store';
import { OAuthError } from './oauth.model';
import { getPerfil } from './perfis.store';
import type { Tentativas } from './tentativas';

interface Dependencies {
  work: UnitOfWork;
  clock: Clock;
  keyring: Keyring;
  tentativas: Tentativas;
}

export interface Reconhecida {
  chave: ChaveApi;
  permissoes: string[];
}

export type Credencial = ReturnType<typeof createCredencial>;

export function createCredencial({ work, clock, keyring, tentativas }: Dependencies) {
  /** What a key may do now, here; null when that is nothing. */
  async function present(chave: ChaveApi | null, ip: string | null): Promise<Reconhecida | null> {
    if (!chave || refusalOf(chave, ip, clock.now()) !== null) return null;
    const responsavel = await findUsuario(work.reader, chave.responsavel_id);
    if (!responsavel?.ativo) return null;
    const { permissoes } = await getPerfil(work.reader, responsavel.perfil_id);
    return { chave, permissoes: intersect(chave.permissoes, permissoes) };
  }

  return {
    /** @throws OAuthError invalid_client, Problem MUITAS_TENTATIVAS */
    async identificar(actor: Actor, clientId: string, clientSecret: string): Promise<Reconhecida> {
      const tentativa = { tipo: 'programa', conta: clientId, ip: actor.ip, confiavel: true } as const;
      tentativas.check(tentativa);
      const chave = await findChaveApi(work.reader, clientId);
      const given = keyring.lookup(chaveApiPurpose, clientSecret);
      const matches = timingSafeEqual(Buffer.from(given), Buffer.from(chave?.segredo_hmac ?? keyring.lookup('', '')));
      const found = matches ? await present(chave, actor.ip) : null;
      if (!found) {
        tentativas.failed(tentativa);
        throw new OAuthError('invalid_client', 'A chave de API nao existe, nao vale mais ou nao pode ser usada daqui.');
      }
      await work.write(actor, (tx) => touchChaveApi(tx.db, found.chave.id, actor.ip, tx.now));
      return found;
    },

    /** The key behind an access token it obtained. @throws Problem TOKEN_INVALIDO */
    async reconhecer(id: string, ip: string | null): Promise<Reconhecida> {
      const found = await present(await findChaveApi(work.reader, id), ip);
      if (!found) throw new Problem('TOKEN_INVALIDO');
      return found;
    },
  };
}
