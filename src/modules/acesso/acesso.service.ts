/** Who is who: OAuth 2 tokens (RFC 6749, RFC 7009) and the actor behind a bearer token. */

import { randomBytes } from 'node:crypto';
import { type Actor, intersect } from '../../core/actor';
import { type Clock, secondMs } from '../../core/clock';
import { Problem } from '../../core/problem';
import type { Keyring } from '../../storage/keys/keyring';
import type { Tx, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import {
  findSessao,
  findTokenRenovacao,
  findUsuario,
  insertTokenRenovacao,
  revokeSessoes,
  type Sessao,
  touchSessao,
  type Usuario,
  useTokenRenovacao,
} from './acesso.store';
import type { Credencial } from './credencial.service';
import type { Entrada, Login } from './entrada.service';
import { OAuthError, readScope, scopeOf, type TokenAnswer } from './oauth.model';
import type { Perfil } from './perfis.model';
import { getPerfil } from './perfis.store';
import { type AccessTokens, endSession, type Sessoes } from './sessao.service';

interface Dependencies {
  work: UnitOfWork;
  clock: Clock;
  keyring: Keyring;
  accessTokens: AccessTokens;
  sessoes: Sessoes;
  entrada: Entrada;
  credencial: Credencial;
  refreshTtlSeconds: number;
}

/** What a caller of the token endpoint brings beside its credential. */
export interface TokenRequest {
  scope: string | null;
  agente: string | null;
}

export type Acesso = ReturnType<typeof createAcesso>;

const refreshPurpose = 'acesso.renovacao';

export function createAcesso(dependencies: Dependencies) {
  const { work, clock, keyring, accessTokens, sessoes, entrada, credencial, refreshTtlSeconds } = dependencies;

  async function newRefreshToken(tx: Tx, sessaoId: string): Promise<string> {
    const refreshToken = `nr_${randomBytes(32).toString('base64url')}`;
    await insertTokenRenovacao(tx.db, {
      hmac: keyring.lookup(refreshPurpose, refreshToken),
      sessao_id: sessaoId,
      expira_em: tx.now + refreshTtlSeconds * secondMs,
      usado_em: null,
    });
    return refreshToken;
  }

  return {
    /** @throws OAuthError invalid_grant, invalid_scope; Problem MUITAS_TENTATIVAS */
    async entrar(actor: Actor, login: Login, { scope, agente }: TokenRequest): Promise<TokenAnswer> {
      const { usuario, perfil } = await entrada.identificar(actor, login);
      const escopo = readScope(scope, perfil.permissoes)?.join(' ') ?? null;
      const as = { ...actor, tipo: 'usuario' as const, id: usuario.id, nome: usuario.nome };
      const { sessao, refreshToken } = await work.write(as, async (tx) => {
        const input = { agente, escopo, cookie_hmac: null, expira_em: null };
        const opened = await sessoes.abrir(tx, actor, usuario, input);
        return { sessao: opened, refreshToken: await newRefreshToken(tx, opened.id) };
      });
      return { ...(await sessoes.responderSessao(sessao, perfil, null)), refresh_token: refreshToken };
    },

    /**
     * Rotates a refresh token. An old one that comes back was stolen or the new one was: the whole session ends.
     * @throws OAuthError invalid_grant, invalid_scope
     */
    async renovar(actor: Actor, token: string, { scope }: Pick<TokenRequest, 'scope'>): Promise<TokenAnswer> {
      const hmac = keyring.lookup(refreshPurpose, token);
      const result = await work.write(actor, async (tx) => {
        const kept = await findTokenRenovacao(tx.db, hmac);
        const sessao = kept ? await findSessao(tx.db, kept.sessao_id) : null;
        const usuario = sessao ? await findUsuario(tx.db, sessao.usuario_id) : null;
        if (!kept || !sessao || !usuario?.ativo || sessao.revogada_em !== null || tx.now >= kept.expira_em) return null;
        if (kept.usado_em !== null) {
          await endStolenSession(tx, actor, sessao);
          return null;
        }
        const perfil = await getPerfil(tx.db, usuario.perfil_id);
        // Asked before the token is used up, so that a wrong scope costs nobody their session.
        const access = await sessoes.responderSessao(sessao, perfil, scope);
        await useTokenRenovacao(tx.db, hmac, tx.now);
        await touchSessao(tx.db, sessao.id, tx.now);
        return { ...access, refresh_token: await newRefreshToken(tx, sessao.id) };
      });
      if (!result) throw new OAuthError('invalid_grant', 'O token de renovacao nao vale mais.');
      return result;
    },

    /** The grant of API keys (RFC 6749, 4.4). @throws OAuthError invalid_client, invalid_scope; Problem MUITAS_TENTATIVAS */
    async credenciais(
      actor: Actor,
      clientId: string,
      clientSecret: string,
      scope: string | null,
    ): Promise<TokenAnswer> {
      const { chave, permissoes } = await credencial.identificar(actor, clientId, clientSecret);
      const narrowed = readScope(scope, permissoes)?.join(' ') ?? null;
      const until = chave.expira_em ?? Number.POSITIVE_INFINITY;
      return sessoes.responder({ sub: chave.id, sid: null, scope: narrowed }, permissoes, until);
    },

    /**
     * RFC 7009: ends the session of a refresh or access token; unknown tokens are no error.
     * @throws OAuthError unsupported_token_type for an API key's, which ends by itself or with its key.
     */
    async revogar(actor: Actor, token: string): Promise<void> {
      const claims = await accessTokens.verify(token);
      if (claims?.sid === null) {
        throw new OAuthError('unsupported_token_type', 'O token de uma chave de API acaba sozinho, ou com a chave.');
      }
      await work.write(actor, async (tx) => {
        const kept = await findTokenRenovacao(tx.db, keyring.lookup(refreshPurpose, token));
        const sessaoId = claims?.sid ?? kept?.sessao_id;
        const sessao = sessaoId ? await findSessao(tx.db, sessaoId) : null;
        if (sessao?.revogada_em === null) await endSession(tx, sessao);
      });
    },

    /** The user or API key behind an access token. @throws Problem TOKEN_INVALIDO */
    async autenticar(token: string, caller: Pick<Actor, 'ip' | 'requestId' | 'idempotencia'>): Promise<Actor> {
      const claims = await accessTokens.verify(token);
      if (!claims) throw new Problem('TOKEN_INVALIDO');
      const scope = scopeOf(claims.scope);
      const narrow = (held: readonly string[]): readonly string[] => (scope ? intersect(held, scope) : held);
      if (claims.sid === null) {
        const { chave, permissoes } = await credencial.reconhecer(claims.sub, caller.ip);
        return { tipo: 'chave_api', id: chave.id, nome: chave.nome, permissoes: narrow(permissoes), ...caller };
      }
      const sessao = await findSessao(work.reader, claims.sid);
      const usuario = sessao && isOpen(sessao, clock.now()) ? await findUsuario(work.reader, sessao.usuario_id) : null;
      if (!usuario?.ativo || usuario.id !== claims.sub) throw new Problem('TOKEN_INVALIDO');
      const perfil = await getPerfil(work.reader, usuario.perfil_id);
      const kept = scopeOf(sessao?.escopo ?? null);
      const permissoes = narrow(kept ? intersect(perfil.permissoes, kept) : perfil.permissoes);
      return { tipo: 'usuario', id: usuario.id, nome: usuario.nome, permissoes, sessaoId: claims.sid, ...caller };
    },

    /** The user itself with its profile. @throws Problem NAO_AUTENTICADO for anything but a user. */
    async eu(actor: Actor): Promise<{ usuario: Usuario; perfil: Perfil }> {
      const usuario = actor.tipo === 'usuario' && actor.id ? await findUsuario(work.reader, actor.id) : null;
      if (!usuario) throw new Problem('NAO_AUTENTICADO');
      return { usuario, perfil: await getPerfil(work.reader, usuario.perfil_id) };
    },
  };
}

/** Whether a session is neither ended nor over. */
export function isOpen(sessao: Sessao, now: number): boolean {
  return sessao.revogada_em === null && (sessao.expira_em === null || now < sessao.expira_em);
}

async function endStolenSession(tx: Tx, actor: Actor, sessao: Sessao): Promise<void> {
  await revokeSessoes(tx.db, { id: sessao.id }, tx.now);
  const dados = { usuario_id: sessao.usuario_id, motivo: 'token de renovação reutilizado', ip: actor.ip };
  await tx.record({
    acao: 'reuso_de_token',
    entidade: 'usuario',
    entidadeId: sessao.usuario_id,
    antes: null,
    depois: { sessao_id: sessao.id },
    eventos: [{ tipo: 'seguranca.suspeita', entidade: 'usuario', entidadeId: sessao.usuario_id, dados }],
  });
}
