/** Products in the database. */

import type { Selectable } from 'kysely';
import { invalidField } from '../../core/problem';
import type { ProdutoTable } from '../../storage/sqlite/schema';
import type { Db } from '../../storage/sqlite/unit-of-work';

export type Produto = Selectable<ProdutoTable>;

/** The slug of the product that exists from the start. */
export const produtoPadrao = 'padrao';

/** Creates the product `padrao` where there is none yet. */
export async function ensureProdutoPadrao(db: Db, id: string, now: number): Promise<void> {
  await db
    .insertInto('produtos')
    .values({ id, slug: produtoPadrao, nome: 'Padrão', criado_em: now, atualizado_em: now, rev: 1 })
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
  return produto;
}
