/** One's own password: changed by who knows the present one, or set anew by a code that came by mail. */

import { randomBytes } from 'node:crypto';
import { type Actor, systemActor } from '../../core/actor';
import { networkOf } from '../../core/address';
import { type Clock, hourMs, minuteMs } from '../../core/clock';
import type { Counters } from '../../core/counters';
import { Problem } from '../../core/problem';
import type { Keyring } from '../../storage/keys/keyring';
import type { Tx, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import {
  findUsuario,
  findUsuarioByEmail,
  revokeOthers,
  revokeSessoes,
  saveUsuario,
  type Usuario,
} from './acesso.store';
import { type ProvarSenha, self } from './prova.service';
import { findRedefinicao, insertRedefinicao, useRedefinicoes } from './recuperacao.store';
import type { Senhas } from './senha.service';

const validMs = 30 * minuteMs;
const purpose = 'acesso.redefinicao';
/** Mails to one account, and asked for from one network, in an hour. */
const mailsPerAccountMax = 3;
const mailsPerNetworkMax = 20;

/** Sends the mail, in the transaction that makes the code. */
export type EnviarCodigo = (
  tx: Tx,
  mail: { para: string; nome: string; codigo: string; minutos: number },
) => Promise<void>;

interface Dependencies {
  work: UnitOfWork;
  clock: Clock;
  keyring: Keyring;
  counters: Counters;
  senhas: Senhas;
  provarSenha: ProvarSenha;
  enviarCodigo: EnviarCodigo;
}

export type Recuperacao = ReturnType<typeof createRecuperacao>;

export function createRecuperacao(dependencies: Dependencies) {
  const { work, clock, keyring, counters, senhas, provarSenha, enviarCodigo } = dependencies;

  /** Whether one more mail may go out; asking counts. */
  function mayMail(email: string, ip: string | null): boolean {
    const now = clock.now();
    const limits = [
      [`redefinir conta ${email}`, mailsPerAccountMax],
      [`redefinir rede ${ip === null ? '' : networkOf(ip)}`, mailsPerNetworkMax],
    ] as const;
    const free = limits.every(([key, max]) => counters.times(key, now).filter((at) => at > now - hourMs).length < max);
    if (free) for (const [key, max] of limits) counters.hit(key, now, { keep: max, windowMs: hourMs });
    return free;
  }

  async function setPassword(tx: Tx, antes: Usuario, senha_hash: string, acao: string): Promise<void> {
    const depois: Usuario = { ...antes, senha_hash, atualizado_em: tx.now, rev: antes.rev + 1 };
    await saveUsuario(tx.db, depois);
    await useRedefinicoes(tx.db, antes.id, tx.now);
    await tx.record({ acao, entidade: 'usuario', entidadeId: antes.id, antes, depois, eventos: [] });
  }

  return {
    /** The other sessions end; this one goes on. @throws Problem VALIDACAO, MUITAS_TENTATIVAS */
    async trocar(actor: Actor, atual: string, nova: string): Promise<void> {
      await provarSenha(actor, atual, 'senha_atual');
      const { nome, email } = await self(work.reader, actor);
      const senha_hash = await senhas.prepararForte(nova, [nome, email], 'senha_nova');
      await work.write(actor, async (tx) => {
        const usuario = await self(tx.db, actor);
        await setPassword(tx, usuario, senha_hash, 'trocar_senha');
        await revokeOthers(tx.db, usuario.id, actor.sessaoId ?? null, tx.now);
      });
    },

    /** Mails a code, valid 30 minutes. Tells nobody whether there is such an account. */
    async pedir(actor: Actor, emailText: string): Promise<void> {
      const email = emailText.trim().toLowerCase();
      const allowed = mayMail(email, actor.ip);
      const codigo = randomBytes(32).toString('base64url');
      await work.write(actor, async (tx) => {
        const usuario = await findUsuarioByEmail(tx.db, email);
        const entidadeId = usuario?.id ?? 'desconhecido';
        const depois = { email, enviado: allowed && usuario?.ativo === true };
        const change = { acao: 'pedir_nova_senha', entidade: 'usuario', entidadeId };
        await tx.record({ ...change, antes: null, depois, eventos: [] });
        if (!usuario || !depois.enviado) return;
        const hmac = keyring.lookup(purpose, codigo);
        const row = { hmac, usuario_id: usuario.id, criada_em: tx.now, expira_em: tx.now + validMs, usada_em: null };
        await insertRedefinicao(tx.db, row);
        await enviarCodigo(tx, { para: usuario.email, nome: usuario.nome, codigo, minutos: validMs / minuteMs });
      });
    },

    /** Sets the password and ends every session; the second factor stays. @throws Problem CODIGO_INVALIDO, VALIDACAO */
    async redefinir(actor: Actor, codigo: string, nova: string): Promise<void> {
      const hmac = keyring.lookup(purpose, codigo);
      const known = await ownerOf(work.reader, hmac, clock.now());
      const senha_hash = await senhas.prepararForte(nova, [known.nome, known.email]);
      const as = {
        ...systemActor(known.nome),
        ip: actor.ip,
        requestId: actor.requestId,
        idempotencia: actor.idempotencia,
      };
      await work.write(as, async (tx) => {
        const usuario = await ownerOf(tx.db, hmac, tx.now);
        await setPassword(tx, usuario, senha_hash, 'redefinir_senha');
        await revokeSessoes(tx.db, { usuario_id: usuario.id }, tx.now);
      });
    },
  };
}

/** @throws Problem CODIGO_INVALIDO */
async function ownerOf(db: Tx['db'] | UnitOfWork['reader'], hmac: string, now: number): Promise<Usuario> {
  const row = await findRedefinicao(db, hmac);
  const usuario = row && row.usada_em === null && now < row.expira_em ? await findUsuario(db, row.usuario_id) : null;
  if (!usuario?.ativo) throw new Problem('CODIGO_INVALIDO');
  return usuario;
}
