/** Products in the database. */

import type { Selectable } from 'kysely';
import type { Page, PageRequest } from '../../core/page';
import { invalidField, Problem } from '../../core/problem';
import { keysetPage } from '../../storage/sqlite/keyset';
import type { ProdutoTable } from '../../storage/sqlite/schema';
import type { Db } from '../../storage/sqlite/unit-of-work';

export interface Produto extends Omit<Selectable<ProdutoTable>, 'uso_geral'> {
  /** Whether its versions are for whoever holds any licence of this installation: a tool such as the agent. */
  uso_geral: boolean;
}

/** The slug of the product that exists from the start. */
export const produtoPadrao = 'padrao';

/** Creates the product `padrao` where there is none yet. */
export async function ensureProdutoPadrao(db: Db, id: string, now: number): Promise<void> {
  await db
    .insertInto('produtos')
    .values({ id, slug: produtoPadrao, nome: 'Padrão', uso_geral: 0, criado_em: now, atualizado_em: now, rev: 1 })
    .onConflict((conflict) => conflict.column('slug').doNothing())
    .execute();
}

/** Finds a product by slug or id. @throws Problem VALIDACAO naming the field `produto`. */
export async function getProdutoBySlugOrId(db: Db, slugOrId: string): Promise<Produto> {
  const produto = await db
    .selectFrom('produtos')
    .selectAll()
    .where((where) => where.or([where('slug', '=', slugOrId), where('id', '=', slugOrId)]))
    .executeTakeFirst();
  if (!produto) throw invalidField('produto', 'não há produto com este slug ou id');
  return toProduto(produto);
}

/** The id of a product, by slug or id, whose versions are for every licence; null when there is none such. */
export async function findUsoGeral(db: Db, slugOrId: string): Promise<string | null> {
  const produto = await db
    .selectFrom('produtos')
    .select('id')
    .where((where) => where.or([where('slug', '=', slugOrId), where('id', '=', slugOrId)]))
    .where('uso_geral', '=', 1)
    .executeTakeFirst();
  return produto?.id ?? null;
}

/** @throws Problem NAO_ENCONTRADO */
export async function getProduto(db: Db, id: string): Promise<Produto> {
  const produto = await db.selectFrom('produtos').selectAll().where('id', '=', id).executeTakeFirst();
  if (!produto) throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há produto com este id.' });
  return toProduto(produto);
}

export const produtoSortable = ['criado_em', 'nome', 'slug'] as const;

export async function listProdutos(db: Db, page: PageRequest): Promise<Page<Produto>> {
  let query = db.selectFrom('produtos').selectAll();
  if (page.busca) query = query.where('nome', 'like', `%${page.busca.replace(/[%_]/g, '_')}%`);
  return keysetPage(query, {
    page,
    columns: { criado_em: 'criado_em', nome: 'nome', slug: 'slug' },
    idColumn: 'id',
    sortValue: (row) => row[produtoSortable.find((name) => name === page.ordem.campo) ?? 'criado_em'],
    id: (row) => row.id,
    map: toProduto,
  });
}

/** @throws Problem SLUG_DUPLICADO */
export async function insertProduto(db: Db, produto: Produto): Promise<void> {
  await refuseDuplicate(db, produto);
  await db.insertInto('produtos').values(toRow(produto)).execute();
}

/** @throws Problem SLUG_DUPLICADO, VERSAO_DESATUALIZADA */
export async function updateProduto(db: Db, produto: Produto): Promise<void> {
  await refuseDuplicate(db, produto);
  const { id, ...row } = toRow(produto);
  const result = await db
    .updateTable('produtos')
    .set(row)
    .where('id', '=', id)
    .where('rev', '=', row.rev - 1)
    .executeTakeFirst();
  if (result.numUpdatedRows !== 1n) throw new Problem('VERSAO_DESATUALIZADA');
}

export async function deleteProduto(db: Db, id: string): Promise<void> {
  await db.deleteFrom('produtos').where('id', '=', id).execute();
}

/** Whether any plan, licence or version is of the product. */
export async function produtoInUse(db: Db, id: string): Promise<boolean> {
  const licenca = await db.selectFrom('licencas').select('id').where('produto_id', '=', id).limit(1).executeTakeFirst();
  const plano = await db.selectFrom('planos').select('id').where('produto_id', '=', id).limit(1).executeTakeFirst();
  const versao = await db.selectFrom('versoes').select('id').where('produto_id', '=', id).limit(1).executeTakeFirst();
  return licenca !== undefined || plano !== undefined || versao !== undefined;
}

function toProduto(row: Selectable<ProdutoTable>): Produto {
  return { ...row, uso_geral: row.uso_geral === 1 };
}

function toRow(produto: Produto): Selectable<ProdutoTable> {
  return { ...produto, uso_geral: produto.uso_geral ? 1 : 0 };
}

async function refuseDuplicate(db: Db, { id, slug }: Pick<Produto, 'id' | 'slug'>): Promise<void> {
  const same = await db.selectFrom('produtos').select('id').where('slug', '=', slug).executeTakeFirst();
  if (same && same.id !== id) throw new Problem('SLUG_DUPLICADO');
}
