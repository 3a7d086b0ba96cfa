/** What can be done with profiles. Nobody makes one that may do more than they may. */

import { type Actor, authorize, authorizeGrant } from '../../core/actor';
import type { Ids } from '../../core/ids';
import type { Page, PageRequest } from '../../core/page';
import { Problem } from '../../core/problem';
import type { UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { cleanPermissoes, type Perfil } from './perfis.model';
import { deletePerfil, getPerfil, insertPerfil, listPerfis, updatePerfil } from './perfis.store';

interface Dependencies {
  work: UnitOfWork;
  ids: Ids;
}

export type PerfilInput = Pick<Perfil, 'nome' | 'permissoes'>;
export type Perfis = ReturnType<typeof createPerfis>;

export function createPerfis({ work, ids }: Dependencies) {
  return {
    /** @throws Problem SEM_PERMISSAO for a permission the actor lacks, NOME_DUPLICADO, VALIDACAO */
    async criar(actor: Actor, input: PerfilInput): Promise<Perfil> {
      authorize(actor, 'perfis:criar');
      const permissoes = cleanPermissoes(input.permissoes);
      authorizeGrant(actor, permissoes);
      return work.write(actor, async (tx) => {
        const perfil: Perfil = {
          id: ids.next(tx.now),
          nome: input.nome.trim(),
          permissoes,
          embutido: false,
          criado_em: tx.now,
          atualizado_em: tx.now,
          rev: 1,
        };
        await insertPerfil(tx.db, perfil);
        const change = { acao: 'criar', entidade: 'perfil', entidadeId: perfil.id };
        await tx.record({ ...change, antes: null, depois: perfil, eventos: [] });
        return perfil;
      });
    },

    async listar(actor: Actor, page: PageRequest): Promise<Page<Perfil>> {
      authorize(actor, 'perfis:ler');
      return listPerfis(work.reader, page);
    },

    /** @throws Problem NAO_ENCONTRADO */
    async obter(actor: Actor, id: string): Promise<Perfil> {
      authorize(actor, 'perfis:ler');
      return getPerfil(work.reader, id);
    },

    /**
     * Holds at once for whoever has the profile.
     * @throws Problem PERFIL_EMBUTIDO, SEM_PERMISSAO when it holds, before or after, what the actor lacks.
     */
    async atualizar(actor: Actor, id: string, edit: Partial<PerfilInput>, esperada: number | null): Promise<Perfil> {
      authorize(actor, 'perfis:editar');
      return work.write(actor, async (tx) => {
        const antes = changeable(actor, await getPerfil(tx.db, id));
        if (esperada !== null && antes.rev !== esperada) throw new Problem('VERSAO_DESATUALIZADA');
        const permissoes = edit.permissoes ? cleanPermissoes(edit.permissoes) : antes.permissoes;
        authorizeGrant(actor, permissoes);
        const nome = edit.nome?.trim() ?? antes.nome;
        const depois: Perfil = { ...antes, nome, permissoes, atualizado_em: tx.now, rev: antes.rev + 1 };
        await updatePerfil(tx.db, depois);
        await tx.record({ acao: 'editar', entidade: 'perfil', entidadeId: id, antes, depois, eventos: [] });
        return depois;
      });
    },

    /** @throws Problem PERFIL_EMBUTIDO, EM_USO, SEM_PERMISSAO */
    async excluir(actor: Actor, id: string): Promise<void> {
      authorize(actor, 'perfis:excluir');
      await work.write(actor, async (tx) => {
        const antes = changeable(actor, await getPerfil(tx.db, id));
        await deletePerfil(tx.db, id);
        await tx.record({ acao: 'excluir', entidade: 'perfil', entidadeId: id, antes, depois: null, eventos: [] });
      });
    },
  };

  function changeable(actor: Actor, perfil: Perfil): Perfil {
    if (perfil.embutido) throw new Problem('PERFIL_EMBUTIDO');
    authorizeGrant(actor, perfil.permissoes);
    return perfil;
  }
}
