/** What can be done with products. */

import { type Actor, authorize } from '../../core/actor';
import type { Ids } from '../../core/ids';
import type { Page, PageRequest } from '../../core/page';
import { Problem } from '../../core/problem';
import type { UnitOfWork } from '../../storage/sqlite/unit-of-work';
import {
  deleteProduto,
  getProduto,
  insertProduto,
  listProdutos,
  type Produto,
  produtoInUse,
  produtoPadrao,
  updateProduto,
} from './produtos.store';

interface Dependencies {
  work: UnitOfWork;
  ids: Ids;
}

export interface ProdutoFields {
  slug: string;
  nome: string;
  uso_geral?: boolean | undefined;
}

export type Produtos = ReturnType<typeof createProdutos>;

export function createProdutos({ work, ids }: Dependencies) {
  return {
    /** @throws Problem SLUG_DUPLICADO */
    async criar(actor: Actor, fields: ProdutoFields): Promise<Produto> {
      authorize(actor, 'produtos:criar');
      return work.write(actor, async (tx) => {
        const produto: Produto = {
          id: ids.next(tx.now),
          ...fields,
          uso_geral: fields.uso_geral ?? false,
          criado_em: tx.now,
          atualizado_em: tx.now,
          rev: 1,
        };
        await insertProduto(tx.db, produto);
        await tx.record({
          acao: 'criar',
          entidade: 'produto',
          entidadeId: produto.id,
          antes: null,
          depois: produto,
          eventos: [],
        });
        return produto;
      });
    },

    async listar(actor: Actor, page: PageRequest): Promise<Page<Produto>> {
      authorize(actor, 'produtos:ler');
      return listProdutos(work.reader, page);
    },

    async obter(actor: Actor, id: string): Promise<Produto> {
      authorize(actor, 'produtos:ler');
      return getProduto(work.reader, id);
    },

    /** The slug of `padrao` stays: everything that names no product means it. */
    async atualizar(
      actor: Actor,
      id: string,
      fields: Partial<ProdutoFields>,
      esperada: number | null,
    ): Promise<Produto> {
      authorize(actor, 'produtos:editar');
      return work.write(actor, async (tx) => {
        const antes = await getProduto(tx.db, id);
        if (esperada !== null && antes.rev !== esperada) throw new Problem('VERSAO_DESATUALIZADA');
        const slug = fields.slug ?? antes.slug;
        if (antes.slug === produtoPadrao && slug !== produtoPadrao) {
          throw new Problem('TRANSICAO_INVALIDA', { detalhe: 'O slug do produto padrao não muda.' });
        }
        const depois: Produto = {
          ...antes,
          slug,
          nome: fields.nome ?? antes.nome,
          uso_geral: fields.uso_geral ?? antes.uso_geral,
          atualizado_em: tx.now,
          rev: antes.rev + 1,
        };
        await updateProduto(tx.db, depois);
        await tx.record({ acao: 'editar', entidade: 'produto', entidadeId: id, antes, depois, eventos: [] });
        return depois;
      });
    },

    /** @throws Problem EM_USO for a product with plans or licences, and for `padrao`. */
    async excluir(actor: Actor, id: string): Promise<void> {
      authorize(actor, 'produtos:excluir');
      await work.write(actor, async (tx) => {
        const antes = await getProduto(tx.db, id);
        if (antes.slug === produtoPadrao || (await produtoInUse(tx.db, id))) throw new Problem('EM_USO');
        await deleteProduto(tx.db, id);
        await tx.record({ acao: 'excluir', entidade: 'produto', entidadeId: id, antes, depois: null, eventos: [] });
      });
    },
  };
}
