/** Who is who: OAuth 2 tokens (RFC 6749, RFC 7009) and the actor behind a bearer token. */

import { randomBytes } from 'node:crypto';
import type { Actor } from '../../core/actor';
import { type Clock, secondMs } from '../../core/clock';
import type { Ids } from '../../core/ids';
import { Problem } from '../../core/problem';
import type { Keyring } from '../../storage/keys/keyring';
import type { Tx, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import {
  findSessao,
  findTokenRenovacao,
  findUsuario,
  findUsuarioByEmail,
  getPerfil,
  insertSessao,
  insertTokenRenovacao,
  type Perfil,
  revokeSessoes,
  touchSessao,
  type Usuario,
  useTokenRenovacao,
} from './acesso.store';
import type { Tentativas } from './tentativas';

/** Access tokens; signed by @elysiajs/jwt in the HTTP transport. */
export interface AccessTokens {
  sign(claims: { sub: string; sid: string; exp: number }): Promise<string>;
  /** @returns the claims, or null for a token that is altered, foreign or expired. */
  verify(token: string): Promise<{ sub: string; sid: string } | null>;
}

export interface TokenAnswer {
  access_token: string;
  token_type: 'bearer';
  expires_in: number;
  refresh_token: string;
  scope: string;
}

/** An RFC 6749 error answer. */
export class OAuthError extends Error {
  constructor(
    readonly error: 'invalid_request' | 'invalid_client' | 'invalid_grant' | 'unsupported_grant_type',
    readonly description: string,
  ) {
    super(description);
    this.name = 'OAuthError';
  }
}

interface Dependencies {
  work: UnitOfWork;
  clock: Clock;
  ids: Ids;
  keyring: Keyring;
  accessTokens: AccessTokens;
  tentativas: Tentativas;
  accessTtlSeconds: number;
  refreshTtlSeconds: number;
}

export type Acesso = ReturnType<typeof createAcesso>;

const refreshPurpose = 'acesso.renovacao';

export function createAcesso(dependencies: Dependencies) {
  const { work, clock, ids, keyring, accessTokens, tentativas, accessTtlSeconds, refreshTtlSeconds } = dependencies;
  /** Verified for unknown users, so that they cost as much time as known ones. */
  const decoyHash = Bun.password.hash(randomBytes(16).toString('hex'), 'argon2id');

  async function issue(tx: Tx, usuario: Usuario, sessaoId: string): Promise<{ refreshToken: string; perfil: Perfil }> {
    const refreshToken = `nr_${randomBytes(32).toString('base64url')}`;
    await insertTokenRenovacao(tx.db, {
      hmac: keyring.lookup(refreshPurpose, refreshToken),
      sessao_id: sessaoId,
      expira_em: tx.now + refreshTtlSeconds * secondMs,
      usado_em: null,
    });
    return { refreshToken, perfil: await getPerfil(tx.db, usuario.perfil_id) };
  }

  async function answer(
    usuario: Usuario,
    sessaoId: string,
    issued: { refreshToken: string; perfil: Perfil },
  ): Promise<TokenAnswer> {
    const exp = Math.floor(clock.now() / secondMs) + accessTtlSeconds;
    return {
      access_token: await accessTokens.sign({ sub: usuario.id, sid: sessaoId, exp }),
      token_type: 'bearer',
      expires_in: accessTtlSeconds,
      refresh_token: issued.refreshToken,
      scope: issued.perfil.permissoes.join(' '),
    };
  }

  return {
    /** @throws OAuthError invalid_grant, Problem MUITAS_TENTATIVAS */
    async entrar(actor: Actor, username: string, password: string, agente: string | null): Promise<TokenAnswer> {
      const email = username.trim().toLowerCase();
      const subjects = [`conta ${email}`, ...(actor.ip ? [`endereco ${actor.ip}`] : [])];
      tentativas.check(subjects);
      const usuario = await findUsuarioByEmail(work.reader, email);
      const matches = await Bun.password.verify(password, usuario?.senha_hash ?? (await decoyHash)).catch(() => false);
      if (!usuario?.ativo || !matches) {
        tentativas.failed(subjects);
        await recordFailure(actor, email, usuario?.id ?? null);
        throw new OAuthError('invalid_grant', 'E-mail ou senha incorretos.');
      }
      tentativas.succeeded(subjects);
      const sessaoId = ids.next(clock.now());
      const issued = await work.write({ ...actor, tipo: 'usuario', id: usuario.id, nome: usuario.nome }, async (tx) => {
        await insertSessao(tx.db, {
          id: sessaoId,
          usuario_id: usuario.id,
          ip: actor.ip,
          agente,
          criada_em: tx.now,
          usada_em: tx.now,
          revogada_em: null,
        });
        await tx.record({
          acao: 'entrar',
          entidade: 'usuario',
          entidadeId: usuario.id,
          antes: null,
          depois: { sessao_id: sessaoId, agente },
          eventos: [],
        });
        return issue(tx, usuario, sessaoId);
      });
      return answer(usuario, sessaoId, issued);
    },

    /**
     * Rotates a refresh token. An old one that comes back was stolen or the new one was: the whole session ends.
     * @throws OAuthError invalid_grant
     */
    async renovar(actor: Actor, refreshToken: string): Promise<TokenAnswer> {
      const hmac = keyring.lookup(refreshPurpose, refreshToken);
      const result = await work.write(actor, async (tx) => {
        const kept = await findTokenRenovacao(tx.db, hmac);
        const sessao = kept ? await findSessao(tx.db, kept.sessao_id) : null;
        const usuario = sessao ? await findUsuario(tx.db, sessao.usuario_id) : null;
        if (!kept || !sessao || !usuario?.ativo || sessao.revogada_em !== null || tx.now >= kept.expira_em) return null;
        if (kept.usado_em !== null) {
          await revokeSessoes(tx.db, { id: sessao.id }, tx.now);
          await tx.record({
            acao: 'reuso_de_token',
            entidade: 'usuario',
            entidadeId: usuario.id,
            antes: null,
            depois: { sessao_id: sessao.id },
            eventos: [
              {
                tipo: 'seguranca.suspeita',
                entidade: 'usuario',
                entidadeId: usuario.id,
                dados: { usuario_id: usuario.id, motivo: 'token de renovação reutilizado', ip: actor.ip },
              },
            ],
          });
          return null;
        }
        await useTokenRenovacao(tx.db, hmac, tx.now);
        await touchSessao(tx.db, sessao.id, tx.now);
        return { usuario, sessaoId: sessao.id, issued: await issue(tx, usuario, sessao.id) };
      });
      if (!result) throw new OAuthError('invalid_grant', 'O token de renovação não vale mais.');
      return answer(result.usuario, result.sessaoId, result.issued);
    },

    /** RFC 7009: ends the session of a refresh or access token; unknown tokens are no error. */
    async revogar(actor: Actor, token: string): Promise<void> {
      const claims = await accessTokens.verify(token);
      await work.write(actor, async (tx) => {
        const kept = await findTokenRenovacao(tx.db, keyring.lookup(refreshPurpose, token));
        const sessaoId = claims?.sid ?? kept?.sessao_id;
        if (sessaoId) await revokeSessoes(tx.db, { id: sessaoId }, tx.now);
      });
    },

    /** The user behind an access token. @throws Problem TOKEN_INVALIDO */
    async autenticar(token: string, caller: Pick<Actor, 'ip' | 'requestId' | 'idempotencia'>): Promise<Actor> {
      const claims = await accessTokens.verify(token);
      const sessao = claims ? await findSessao(work.reader, claims.sid) : null;
      const usuario = sessao && sessao.revogada_em === null ? await findUsuario(work.reader, sessao.usuario_id) : null;
      if (!usuario?.ativo || usuario.id !== claims?.sub) throw new Problem('TOKEN_INVALIDO');
      const perfil = await getPerfil(work.reader, usuario.perfil_id);
      return { tipo: 'usuario', id: usuario.id, nome: usuario.nome, permissoes: perfil.permissoes, ...caller };
    },

    /** The user itself with its profile. @throws Problem NAO_AUTENTICADO for anything but a user. */
    async eu(actor: Actor): Promise<{ usuario: Usuario; perfil: Perfil }> {
      const usuario = actor.tipo === 'usuario' && actor.id ? await findUsuario(work.reader, actor.id) : null;
      if (!usuario) throw new Problem('NAO_AUTENTICADO');
      return { usuario, perfil: await getPerfil(work.reader, usuario.perfil_id) };
    },
  };

  async function recordFailure(actor: Actor, email: string, usuarioId: string | null): Promise<void> {
    await work.write(actor, async (tx) => {
      await tx.record({
        acao: 'login_falhou',
        entidade: 'usuario',
        entidadeId: usuarioId ?? 'desconhecido',
        antes: null,
        depois: { email, ip: actor.ip },
        eventos: [
          {
            tipo: 'seguranca.login_falhou',
            entidade: 'usuario',
            entidadeId: usuarioId ?? 'desconhecido',
            dados: { email, ip: actor.ip },
          },
        ],
      });
    });
  }
}
