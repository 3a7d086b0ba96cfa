/** Logging in: the account, the password, and how often either may be wrong. */

import type { Actor } from '../../core/actor';
import { networkOf } from '../../core/address';
import type { Clock } from '../../core/clock';
import type { UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { findUsuarioByEmail, hasEnteredFrom, type Usuario } from './acesso.store';
import { OAuthError } from './oauth.model';
import type { Perfil } from './perfis.model';
import { getPerfil } from './perfis.store';
import type { SegundoFator } from './segundo-fator.service';
import type { Senhas } from './senha.service';
import { type Tentativas, trustedMs } from './tentativas';

export interface Login {
  username: string;
  password: string;
  otp: string | null;
}

interface Dependencies {
  work: UnitOfWork;
  clock: Clock;
  senhas: Senhas;
  tentativas: Tentativas;
  segundoFator: Pick<SegundoFator, 'usar'>;
}

export type Entrada = ReturnType<typeof createEntrada>;

export function createEntrada({ work, clock, senhas, tentativas, segundoFator }: Dependencies) {
  return {
    /**
     * The user whose password this is. Unknown accounts cost the same time and get the same answer as wrong passwords.
     * @throws OAuthError invalid_grant, Problem MUITAS_TENTATIVAS
     */
    async identificar(actor: Actor, { username, password, otp }: Login): Promise<{ usuario: Usuario; perfil: Perfil }> {
      const email = username.trim().toLowerCase();
      const usuario = await findUsuarioByEmail(work.reader, email);
      const confiavel = await isTrusted(usuario, actor.ip);
      const tentativa = { tipo: 'pessoa', conta: email, ip: actor.ip, confiavel } as const;
      tentativas.check(tentativa);
      const matches = await senhas.conferir(password, usuario?.senha_hash ?? null);
      if (!usuario?.ativo || !matches) {
        tentativas.failed(tentativa);
        await recordFailure(actor, email, usuario?.id ?? null);
        throw new OAuthError('invalid_grant', 'E-mail ou senha incorretos.');
      }
      if (usuario.otp_selado !== null) {
        if (otp === null) throw otpNeeded('Informe o codigo do segundo fator no parametro otp.');
        if (!(await segundoFator.usar(actor, usuario.id, otp))) {
          tentativas.failed(tentativa);
          await recordFailure(actor, email, usuario.id);
          throw otpNeeded('O codigo do segundo fator nao vale, ou ja foi usado.');
        }
      }
      tentativas.succeeded(tentativa);
      return { usuario, perfil: await getPerfil(work.reader, usuario.perfil_id) };
    },
  };

  async function isTrusted(usuario: Usuario | null, ip: string | null): Promise<boolean> {
    if (!usuario || ip === null) return false;
    return hasEnteredFrom(work.reader, usuario.id, networkOf(ip), clock.now() - trustedMs);
  }

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

/** Still `invalid_grant` (RFC 6749), with a word for programs that can ask for the code. */
function otpNeeded(description: string): OAuthError {
  return new OAuthError('invalid_grant', description, { otp_necessario: true });
}
