/**
 * Sessions of browsers: a cookie that no script can read names the session, and buys access tokens that live in the page's
 * memory. The cookie opens nothing else, so that a forged request from another site has nothing to ride on. It is not
 * rotated: several tabs share it, and each would take the other for a thief.
 */

import { randomBytes } from 'node:crypto';
import type { Actor } from '../../core/actor';
import { type Clock, secondMs } from '../../core/clock';
import { Problem } from '../../core/problem';
import type { Keyring } from '../../storage/keys/keyring';
import type { UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { isOpen } from './acesso.service';
import { extendSessao, findSessaoByCookie, findUsuario } from './acesso.store';
import type { Entrada, Login } from './entrada.service';
import type { TokenAnswer } from './oauth.model';
import { getPerfil } from './perfis.store';
import { endSession, type Sessoes } from './sessao.service';

const purpose = 'acesso.cookie';

interface Dependencies {
  work: UnitOfWork;
  clock: Clock;
  keyring: Keyring;
  entrada: Entrada;
  sessoes: Sessoes;
  /** A session that is not used for so long is over. */
  ttlSeconds: number;
}

export type Navegador = ReturnType<typeof createNavegador>;

export function createNavegador({ work, clock, keyring, entrada, sessoes, ttlSeconds }: Dependencies) {
  return {
    ttlSeconds,

    /** @returns what the cookie holds, and the first access token. @throws OAuthError invalid_grant; Problem MUITAS_TENTATIVAS */
    async entrar(actor: Actor, login: Login, agente: string | null): Promise<{ cookie: string; token: TokenAnswer }> {
      const { usuario, perfil } = await entrada.identificar(actor, login);
      const cookie = `ns_${randomBytes(32).toString('base64url')}`;
      const as = { ...actor, tipo: 'usuario' as const, id: usuario.id, nome: usuario.nome };
      const sessao = await work.write(as, (tx) =>
        sessoes.abrir(tx, actor, usuario, {
          agente,
          escopo: null,
          cookie_hmac: keyring.lookup(purpose, cookie),
          expira_em: tx.now + ttlSeconds * secondMs,
        }),
      );
      return { cookie, token: await sessoes.responderSessao(sessao, perfil, null) };
    },

    /** A new access token; the session is good for its whole time again. @throws Problem TOKEN_INVALIDO */
    async renovar(actor: Actor, cookie: string): Promise<TokenAnswer> {
      return work.write(actor, async (tx) => {
        const sessao = await findSessaoByCookie(tx.db, keyring.lookup(purpose, cookie));
        const usuario = sessao && isOpen(sessao, tx.now) ? await findUsuario(tx.db, sessao.usuario_id) : null;
        if (!sessao || !usuario?.ativo) throw new Problem('TOKEN_INVALIDO', { detalhe: 'A sessão acabou.' });
        const expira_em = tx.now + ttlSeconds * secondMs;
        await extendSessao(tx.db, sessao.id, tx.now, expira_em);
        return sessoes.responderSessao({ ...sessao, expira_em }, await getPerfil(tx.db, usuario.perfil_id), null);
      });
    },

    /** Ends the session; one that is over already is no error. */
    async sair(actor: Actor, cookie: string): Promise<void> {
      await work.write(actor, async (tx) => {
        const sessao = await findSessaoByCookie(tx.db, keyring.lookup(purpose, cookie));
        if (sessao && isOpen(sessao, clock.now())) await endSession(tx, sessao);
      });
    },
  };
}
