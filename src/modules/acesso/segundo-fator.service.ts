/** Turning the second factor on and off, and asking for it. Its secret is sealed; codes count once. */

import { type Actor, authorize } from '../../core/actor';
import { invalidField, Problem } from '../../core/problem';
import type { Keyring } from '../../storage/keys/keyring';
import type { Tx, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { revokeSessoes, saveUsuario, type Usuario } from './acesso.store';
import { type ProvarSenha, self } from './prova.service';
import { cleanRecoveryCode, newRecoveryCodes, newSecret, otpUri, stepOf } from './segundo-fator.model';
import { countCodigos, replaceCodigos, useCodigo } from './segundo-fator.store';
import { authorizeUsuario } from './usuarios.service';
import { getUsuario } from './usuarios.store';

const sealPurpose = 'acesso.otp';
const recoveryPurpose = 'acesso.recuperacao';

interface Dependencies {
  work: UnitOfWork;
  keyring: Keyring;
  provarSenha: ProvarSenha;
}

export interface Prova {
  senha: string;
  /** A code of the authenticator, or a recovery code. */
  otp: string;
}

export type SegundoFator = ReturnType<typeof createSegundoFator>;

export function createSegundoFator({ work, keyring, provarSenha }: Dependencies) {
  async function save(tx: Tx, acao: string, antes: Usuario, edit: Partial<Usuario>): Promise<void> {
    const depois: Usuario = { ...antes, ...edit, atualizado_em: tx.now, rev: antes.rev + 1 };
    await saveUsuario(tx.db, depois);
    await tx.record({ acao, entidade: 'usuario', entidadeId: antes.id, antes, depois, eventos: [] });
  }

  async function newCodes(tx: Tx, usuarioId: string): Promise<string[]> {
    const codigos = newRecoveryCodes();
    const hmacs = codigos.map((codigo) => keyring.lookup(recoveryPurpose, cleanRecoveryCode(codigo) ?? codigo));
    await replaceCodigos(tx.db, usuarioId, hmacs);
    return codigos;
  }

  /** Uses a code up. @returns whether it was right and new. */
  async function use(tx: Tx, usuario: Usuario, otp: string): Promise<boolean> {
    if (usuario.otp_selado === null) return false;
    const step = stepOf(keyring.open(sealPurpose, usuario.otp_selado), otp.trim(), tx.now);
    if (step !== null) {
      if (step <= usuario.otp_passo) return false;
      await saveUsuario(tx.db, { ...usuario, otp_passo: step });
      return true;
    }
    const codigo = cleanRecoveryCode(otp);
    if (codigo === null) return false;
    const used = await useCodigo(tx.db, usuario.id, keyring.lookup(recoveryPurpose, codigo), tx.now);
    if (used) {
      const change = { acao: 'usar_codigo_de_recuperacao', entidade: 'usuario', entidadeId: usuario.id };
      await tx.record({ ...change, antes: null, depois: null, eventos: [] });
    }
    return used;
  }

  return {
    /** Uses up a code of whoever logs in. @returns whether it was right, and not used before. */
    async usar(actor: Actor, usuarioId: string, otp: string): Promise<boolean> {
      return work.write(actor, async (tx) => use(tx, await getUsuario(tx.db, usuarioId), otp));
    },

    async estado(actor: Actor): Promise<{ ativo: boolean; codigos_restantes: number }> {
      const { id, otp_selado } = await self(work.reader, actor);
      return { ativo: otp_selado !== null, codigos_restantes: await countCodigos(work.reader, id) };
    },

    /** A new secret, which counts once a code of it is given. @throws Problem VALIDACAO for a wrong password, CONFLITO */
    async iniciar(actor: Actor, senha: string): Promise<{ segredo: string; uri: string }> {
      await provarSenha(actor, senha, 'senha');
      return work.write(actor, async (tx) => {
        const usuario = await self(tx.db, actor);
        if (usuario.otp_selado !== null) throw new Problem('CONFLITO', { detalhe: 'O segundo fator já está ativo.' });
        const segredo = newSecret();
        await save(tx, 'iniciar_segundo_fator', usuario, { otp_novo_selado: keyring.seal(sealPurpose, segredo) });
        return { segredo, uri: otpUri(segredo, usuario.email) };
      });
    },

    /** @returns the recovery codes, shown now only. @throws Problem VALIDACAO for a wrong code, CONFLITO */
    async confirmar(actor: Actor, otp: string): Promise<string[]> {
      return work.write(actor, async (tx) => {
        const usuario = await self(tx.db, actor);
        const { otp_novo_selado } = usuario;
        if (otp_novo_selado === null) throw new Problem('CONFLITO', { detalhe: 'Comece pela criação do segredo.' });
        const step = stepOf(keyring.open(sealPurpose, otp_novo_selado), otp.trim(), tx.now);
        if (step === null) throw invalidField('otp', 'não é o código deste momento');
        const edit = { otp_selado: otp_novo_selado, otp_novo_selado: null, otp_passo: step };
        await save(tx, 'ativar_segundo_fator', usuario, edit);
        return newCodes(tx, usuario.id);
      });
    },

    /** New recovery codes; the old ones open nothing any more. @throws Problem VALIDACAO */
    async renovarCodigos(actor: Actor, { senha, otp }: Prova): Promise<string[]> {
      await provarSenha(actor, senha, 'senha');
      return work.write(actor, async (tx) => {
        const usuario = await self(tx.db, actor);
        if (!(await use(tx, usuario, otp))) throw invalidField('otp', 'não é o código deste momento');
        const change = { acao: 'renovar_codigos_de_recuperacao', entidade: 'usuario', entidadeId: usuario.id };
        await tx.record({ ...change, antes: null, depois: null, eventos: [] });
        return newCodes(tx, usuario.id);
      });
    },

    /** @throws Problem VALIDACAO */
    async desativar(actor: Actor, { senha, otp }: Prova): Promise<void> {
      await provarSenha(actor, senha, 'senha');
      await work.write(actor, async (tx) => {
        const usuario = await self(tx.db, actor);
        if (!(await use(tx, usuario, otp))) throw invalidField('otp', 'não é o código deste momento');
        await save(tx, 'desativar_segundo_fator', await self(tx.db, actor), {
          otp_selado: null,
          otp_novo_selado: null,
        });
        await replaceCodigos(tx.db, usuario.id, []);
      });
    },

    /** For somebody who lost telephone and codes; ends their sessions. @throws Problem SEM_PERMISSAO, NAO_ENCONTRADO */
    async remover(actor: Actor, usuarioId: string): Promise<void> {
      authorize(actor, 'usuarios:editar');
      await work.write(actor, async (tx) => {
        const usuario = await getUsuario(tx.db, usuarioId);
        await authorizeUsuario(tx.db, actor, usuario);
        await save(tx, 'remover_segundo_fator', usuario, { otp_selado: null, otp_novo_selado: null });
        await replaceCodigos(tx.db, usuario.id, []);
        await revokeSessoes(tx.db, { usuario_id: usuario.id }, tx.now);
      });
    },
  };
}
