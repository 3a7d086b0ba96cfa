/**
 * What can be done with users. Nobody gives a profile that may do more than they may, nor touches whoever holds one: else
 * a new password would be a way up. An active administrator always remains.
 */

import { type Actor, authorize, authorizeGrant } from '../../core/actor';
import type { Ids } from '../../core/ids';
import type { Page, PageRequest } from '../../core/page';
import { invalidField, Problem } from '../../core/problem';
import type { Db, Tx, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { hasAdministrator, revokeSessoes, type Usuario } from './acesso.store';
import { findPerfil, getPerfil } from './perfis.store';
import type { Senhas } from './senha.service';
import { cleanEmail } from './usuarios.model';
import {
  deleteUsuario,
  getUsuario,
  listUsuarios,
  saveUnique,
  type UsuarioComPerfil,
  type UsuarioFilter,
  withPerfil,
} from './usuarios.store';

interface Dependencies {
  work: UnitOfWork;
  ids: Ids;
  senhas: Senhas;
}

export interface UsuarioInput {
  nome: string;
  email: string;
  senha: string;
  perfil_id: string;
  ativo?: boolean;
}

export type Usuarios = ReturnType<typeof createUsuarios>;

export function createUsuarios({ work, ids, senhas }: Dependencies) {
  return {
    /** @throws Problem SEM_PERMISSAO for a profile beyond the actor's, EMAIL_DUPLICADO, VALIDACAO */
    async criar(actor: Actor, input: UsuarioInput): Promise<UsuarioComPerfil> {
      authorize(actor, 'usuarios:criar');
      const email = cleanEmail(input.email);
      const nome = input.nome.trim();
      const senha_hash = await senhas.prepararForte(input.senha, [nome, email]);
      return work.write(actor, async (tx) => {
        await authorizePerfil(tx, actor, input.perfil_id);
        const usuario: Usuario = {
          id: ids.next(tx.now),
          nome,
          email,
          senha_hash,
          perfil_id: input.perfil_id,
          ativo: input.ativo ?? true,
          otp_selado: null,
          otp_novo_selado: null,
          otp_passo: 0,
          criado_em: tx.now,
          atualizado_em: tx.now,
          rev: 1,
        };
        await saveUnique(tx.db, usuario);
        const change = { acao: 'criar', entidade: 'usuario', entidadeId: usuario.id };
        await tx.record({ ...change, antes: null, depois: usuario, eventos: [] });
        return withPerfil(tx.db, usuario);
      });
    },

    async listar(actor: Actor, page: PageRequest, filter: UsuarioFilter): Promise<Page<UsuarioComPerfil>> {
      authorize(actor, 'usuarios:ler');
      return listUsuarios(work.reader, page, filter);
    },

    /** @throws Problem NAO_ENCONTRADO */
    async obter(actor: Actor, id: string): Promise<UsuarioComPerfil> {
      authorize(actor, 'usuarios:ler');
      return withPerfil(work.reader, await getUsuario(work.reader, id));
    },

    /**
     * A new password, another profile or deactivating ends the user's sessions at once.
     * @throws Problem SEM_PERMISSAO, ULTIMO_ADMINISTRADOR, EMAIL_DUPLICADO, VERSAO_DESATUALIZADA, VALIDACAO
     */
    async atualizar(
      actor: Actor,
      id: string,
      edit: Partial<UsuarioInput>,
      esperada: number | null,
    ): Promise<UsuarioComPerfil> {
      authorize(actor, 'usuarios:editar');
      const known = await getUsuario(work.reader, id);
      const senha_hash =
        edit.senha === undefined
          ? null
          : await senhas.prepararForte(edit.senha, [edit.nome ?? known.nome, edit.email ?? known.email]);
      return work.write(actor, async (tx) => {
        const antes = await getUsuario(tx.db, id);
        await authorizeUsuario(tx.db, actor, antes);
        if (esperada !== null && antes.rev !== esperada) throw new Problem('VERSAO_DESATUALIZADA');
        const depois: Usuario = {
          ...antes,
          nome: edit.nome?.trim() ?? antes.nome,
          email: edit.email === undefined ? antes.email : cleanEmail(edit.email),
          senha_hash: senha_hash ?? antes.senha_hash,
          perfil_id: edit.perfil_id ?? antes.perfil_id,
          ativo: edit.ativo ?? antes.ativo,
          atualizado_em: tx.now,
          rev: antes.rev + 1,
        };
        if (depois.perfil_id !== antes.perfil_id) await authorizePerfil(tx, actor, depois.perfil_id);
        await saveUnique(tx.db, depois);
        await keepAnAdministrator(tx);
        const outdated = senha_hash !== null || depois.perfil_id !== antes.perfil_id || !depois.ativo;
        if (outdated) await revokeSessoes(tx.db, { usuario_id: id }, tx.now);
        const acao = senha_hash === null ? 'editar' : 'redefinir_senha';
        await tx.record({ acao, entidade: 'usuario', entidadeId: id, antes, depois, eventos: [] });
        return withPerfil(tx.db, depois);
      });
    },

    /** @throws Problem SEM_PERMISSAO, ULTIMO_ADMINISTRADOR */
    async excluir(actor: Actor, id: string): Promise<void> {
      authorize(actor, 'usuarios:excluir');
      await work.write(actor, async (tx) => {
        const antes = await getUsuario(tx.db, id);
        await authorizeUsuario(tx.db, actor, antes);
        await deleteUsuario(tx.db, id);
        await keepAnAdministrator(tx);
        await tx.record({ acao: 'excluir', entidade: 'usuario', entidadeId: id, antes, depois: null, eventos: [] });
      });
    },
  };
}

/**
 * Refuses an actor who holds less than the user it would act upon.
 * @throws Problem SEM_PERMISSAO
 */
export async function authorizeUsuario(db: Db, actor: Actor, usuario: Usuario): Promise<void> {
  authorizeGrant(actor, (await getPerfil(db, usuario.perfil_id)).permissoes);
}

async function authorizePerfil({ db }: Tx, actor: Actor, perfilId: string): Promise<void> {
  const perfil = await findPerfil(db, perfilId);
  if (!perfil) throw invalidField('perfil_id', 'não há perfil com este id');
  authorizeGrant(actor, perfil.permissoes);
}

/** Asked after the change and inside its transaction: two that each leave the other cannot both commit. */
async function keepAnAdministrator({ db }: Tx): Promise<void> {
  if (!(await hasAdministrator(db))) throw new Problem('ULTIMO_ADMINISTRADOR');
}
