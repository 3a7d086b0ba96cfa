/** How the first administrator comes to be: a setup code, the environment, or the command line. */

import { randomBytes } from 'node:crypto';
import { type Actor, systemActor } from '../../core/actor';
import { minuteMs } from '../../core/clock';
import type { Ids } from '../../core/ids';
import { Problem } from '../../core/problem';
import type { Keyring } from '../../storage/keys/keyring';
import type { Tx, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import {
  deleteConfiguracao,
  findUsuarioByEmail,
  hasAdministrator,
  readConfiguracao,
  revokeSessoes,
  saveUsuario,
  type Usuario,
  writeConfiguracao,
} from './acesso.store';
import { perfilAdministradorId } from './perfis.model';
import type { Senhas } from './senha.service';
import { cleanEmail } from './usuarios.model';

const setupCodeValidMs = 30 * minuteMs;
const setupCodeName = 'setup.codigo_hmac';

interface Dependencies {
  work: UnitOfWork;
  ids: Ids;
  keyring: Keyring;
  senhas: Senhas;
}

export type Administrador = ReturnType<typeof createAdministrador>;

export function createAdministrador({ work, ids, keyring, senhas }: Dependencies) {
  async function save(
    tx: Tx,
    existing: Usuario | null,
    fields: { email: string; senha_hash: string; nome: string | null },
  ): Promise<Usuario> {
    const { email, senha_hash } = fields;
    const nome = fields.nome ?? existing?.nome ?? 'Administrador';
    const usuario: Usuario = existing
      ? {
          ...existing,
          nome,
          senha_hash,
          perfil_id: perfilAdministradorId,
          ativo: true,
          otp_selado: null,
          otp_novo_selado: null,
          atualizado_em: tx.now,
          rev: existing.rev + 1,
        }
      : {
          id: ids.next(tx.now),
          nome,
          email,
          senha_hash,
          perfil_id: perfilAdministradorId,
          ativo: true,
          otp_selado: null,
          otp_novo_selado: null,
          otp_passo: 0,
          criado_em: tx.now,
          atualizado_em: tx.now,
          rev: 1,
        };
    await saveUsuario(tx.db, usuario);
    await revokeSessoes(tx.db, { usuario_id: usuario.id }, tx.now);
    await deleteConfiguracao(tx.db, setupCodeName);
    await tx.record({
      acao: existing ? 'redefinir_administrador' : 'criar_administrador',
      entidade: 'usuario',
      entidadeId: usuario.id,
      antes: existing,
      depois: usuario,
      eventos: [],
    });
    return usuario;
  }

  return {
    async exists(): Promise<boolean> {
      return hasAdministrator(work.reader);
    },

    /** A new one-time setup code, valid 30 minutes, or null when there is an administrator. Only its HMAC is kept. */
    async newSetupCode(): Promise<string | null> {
      const codigo = randomBytes(16).toString('base64url');
      return work.write(systemActor('setup'), async (tx) => {
        if (await hasAdministrator(tx.db)) return null;
        await writeConfiguracao(tx.db, setupCodeName, keyring.lookup('setup', codigo), tx.now);
        return codigo;
      });
    },

    /** @throws Problem SETUP_CONCLUIDO, CODIGO_DE_SETUP_INVALIDO, VALIDACAO */
    async concluirSetup(
      actor: Actor,
      input: { codigo: string; email: string; senha: string; nome: string },
    ): Promise<Usuario> {
      if (await hasAdministrator(work.reader)) throw new Problem('SETUP_CONCLUIDO');
      const senha_hash = await senhas.prepararForte(input.senha, [input.nome, input.email]);
      return work.write(actor, async (tx) => {
        if (await hasAdministrator(tx.db)) throw new Problem('SETUP_CONCLUIDO');
        const kept = await readConfiguracao(tx.db, setupCodeName);
        const valid = kept !== null && kept.valor === keyring.lookup('setup', input.codigo);
        if (!valid || tx.now >= kept.atualizado_em + setupCodeValidMs) throw new Problem('CODIGO_DE_SETUP_INVALIDO');
        const email = cleanEmail(input.email);
        return save(tx, await findUsuarioByEmail(tx.db, email), { email, senha_hash, nome: input.nome });
      });
    },

    /**
     * Creates the administrator or resets its password, ending its sessions and its second factor: whoever may write to the
     * data folder may do anything, and this is the way back in for one who lost a telephone.
     */
    async definir(origem: string, emailText: string, senha: string): Promise<Usuario> {
      const senha_hash = await senhas.preparar(senha);
      const email = cleanEmail(emailText);
      return work.write(systemActor(origem), async (tx) =>
        save(tx, await findUsuarioByEmail(tx.db, email), { email, senha_hash, nome: null }),
      );
    },
  };
}
