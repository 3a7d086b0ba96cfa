/** Sessions of people: opened by a log-in, and what is answered for one. */

import { type Actor, intersect } from '../../core/actor';
import { networkOf } from '../../core/address';
import { type Clock, secondMs } from '../../core/clock';
import type { Ids } from '../../core/ids';
import type { Tx } from '../../storage/sqlite/unit-of-work';
import { insertSessao, revokeSessoes, type Sessao, type Usuario } from './acesso.store';
import { readScope, scopeOf, type TokenAnswer } from './oauth.model';
import type { Perfil } from './perfis.model';

export interface AccessClaims {
  /** The user, or the API key. */
  sub: string;
  /** The session of a user; null for an API key. */
  sid: string | null;
  /** What the token is narrowed to, as in OAuth; null for all that its holder may do. */
  scope: string | null;
}

/** Access tokens; signed by @elysiajs/jwt in the HTTP transport. */
export interface AccessTokens {
  /** @param exp epoch seconds. */
  sign(claims: AccessClaims & { exp: number }): Promise<string>;
  /** @returns the claims, or null for a token that is altered, foreign or expired. */
  verify(token: string): Promise<AccessClaims | null>;
}

export type NovaSessao = Pick<Sessao, 'agente' | 'escopo' | 'cookie_hmac' | 'expira_em'>;

interface Dependencies {
  clock: Clock;
  ids: Ids;
  accessTokens: AccessTokens;
  accessTtlSeconds: number;
}

export type Sessoes = ReturnType<typeof createSessoes>;

export function createSessoes({ clock, ids, accessTokens, accessTtlSeconds }: Dependencies) {
  /**
   * An access token for whoever holds these permissions.
   * @param untilMs when it ends at the latest, epoch milliseconds.
   */
  async function responder(claims: AccessClaims, permissoes: readonly string[], untilMs: number): Promise<TokenAnswer> {
    const nowSeconds = Math.floor(clock.now() / secondMs);
    const exp = Math.min(nowSeconds + accessTtlSeconds, Math.floor(untilMs / secondMs));
    return {
      access_token: await accessTokens.sign({ ...claims, exp }),
      token_type: 'bearer',
      expires_in: exp - nowSeconds,
      scope: claims.scope ?? permissoes.join(' '),
    };
  }

  return {
    responder,

    /** The access token of a session, narrowed further when a scope is given. @throws OAuthError invalid_scope */
    async responderSessao(sessao: Sessao, perfil: Perfil, scope: string | null): Promise<TokenAnswer> {
      const kept = scopeOf(sessao.escopo);
      const held = kept ? intersect(perfil.permissoes, kept) : perfil.permissoes;
      const narrowed = readScope(scope, held);
      const claims = { sub: sessao.usuario_id, sid: sessao.id, scope: narrowed?.join(' ') ?? null };
      return responder(claims, held, sessao.expira_em ?? Number.POSITIVE_INFINITY);
    },

    async abrir(tx: Tx, actor: Actor, usuario: Usuario, input: NovaSessao): Promise<Sessao> {
      const sessao: Sessao = {
        id: ids.next(tx.now),
        usuario_id: usuario.id,
        ip: actor.ip,
        criada_em: tx.now,
        usada_em: tx.now,
        revogada_em: null,
        rede: actor.ip === null ? null : networkOf(actor.ip),
        ...input,
      };
      await insertSessao(tx.db, sessao);
      await note(tx, 'entrar', sessao, { agente: input.agente });
      return sessao;
    },
  };
}

/** Ends a session that is open, at its owner's wish or another's. */
export async function endSession(tx: Tx, sessao: Sessao): Promise<void> {
  await revokeSessoes(tx.db, { id: sessao.id }, tx.now);
  await note(tx, 'sair', sessao);
}

async function note(tx: Tx, acao: string, { id, usuario_id }: Sessao, extra: object = {}): Promise<void> {
  const depois = { sessao_id: id, ...extra };
  await tx.record({ acao, entidade: 'usuario', entidadeId: usuario_id, antes: null, depois, eventos: [] });
}
