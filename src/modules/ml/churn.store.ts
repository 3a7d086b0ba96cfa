/** Churn scores in the database. Every row passes one mapper. */

import type { Selectable } from 'kysely';
import type { Page, PageRequest } from '../../core/page';
import { keysetPage } from '../../storage/sqlite/keyset';
import type { ChurnTable } from '../../storage/sqlite/schema-insight';
import type { Db } from '../../storage/sqlite/unit-of-work';
import type { Classe, FatorExplicado } from './fatores.model';

export const churnSortable = ['probabilidade', 'calculado_em'] as const;

export interface Churn {
  cliente_id: string;
  probabilidade: number;
  classe: Classe;
  base: number;
  fatores: FatorExplicado[];
  sugestoes: string[];
  /** Name and version of the model, `churn/1`. */
  modelo: string;
  calculado_em: number;
}

export async function findChurn(db: Db, clienteId: string): Promise<Churn | null> {
  const row = await db.selectFrom('churn').selectAll().where('cliente_id', '=', clienteId).executeTakeFirst();
  return row ? toChurn(row) : null;
}

export async function listChurn(
  db: Db,
  page: PageRequest,
  filter: { classe?: Classe | undefined },
): Promise<Page<Churn & { nome: string }>> {
  let query = db
    .selectFrom('churn')
    .innerJoin('clientes', 'clientes.id', 'churn.cliente_id')
    .selectAll('churn')
    .select('clientes.nome');
  if (filter.classe !== undefined) query = query.where('churn.classe', '=', filter.classe);
  return keysetPage(query, {
    page,
    columns: { probabilidade: 'churn.probabilidade', calculado_em: 'churn.calculado_em' },
    idColumn: 'churn.cliente_id',
    sortValue: (row) => (page.ordem.campo === 'calculado_em' ? row.calculado_em : row.probabilidade),
    id: (row) => row.cliente_id,
    map: (row) => ({ ...toChurn(row), nome: row.nome }),
  });
}

/** The classes that customers had before. */
export async function classesOf(db: Db, ids: readonly string[]): Promise<Map<string, Classe>> {
  const rows = await db.selectFrom('churn').select(['cliente_id', 'classe']).where('cliente_id', 'in', ids).execute();
  return new Map(rows.map((row) => [row.cliente_id, row.classe as Classe]));
}

/** Replaces the scores of these customers. */
export async function saveChurn(db: Db, scores: readonly Churn[]): Promise<void> {
  if (scores.length === 0) return;
  await db
    .insertInto('churn')
    .values(scores.map(toRow))
    .onConflict((conflict) =>
      conflict.column('cliente_id').doUpdateSet((eb) => ({
        probabilidade: eb.ref('excluded.probabilidade'),
        classe: eb.ref('excluded.classe'),
        base: eb.ref('excluded.base'),
        fatores: eb.ref('excluded.fatores'),
        sugestoes: eb.ref('excluded.sugestoes'),
        modelo: eb.ref('excluded.modelo'),
        calculado_em: eb.ref('excluded.calculado_em'),
      })),
    )
    .execute();
}

/** Forgets the scores of customers who have left: they are no risk any more. */
export async function deleteChurnOfLeft(db: Db): Promise<void> {
  await db
    .deleteFrom('churn')
    .where('cliente_id', 'in', (eb) => eb.selectFrom('clientes').select('id').where('status', '=', 'cancelado'))
    .execute();
}

/** The next customers who have not left, in order of id. */
export async function customersAfter(db: Db, last: string, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('clientes')
    .select('id')
    .where('id', '>', last)
    .where('status', '<>', 'cancelado')
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}

function toChurn(row: Selectable<ChurnTable>): Churn {
  return {
    cliente_id: row.cliente_id,
    probabilidade: row.probabilidade,
    classe: row.classe as Classe,
    base: row.base,
    fatores: JSON.parse(row.fatores) as FatorExplicado[],
    sugestoes: JSON.parse(row.sugestoes) as string[],
    modelo: row.modelo,
    calculado_em: row.calculado_em,
  };
}

function toRow(churn: Churn): ChurnTable {
  return { ...churn, fatores: JSON.stringify(churn.fatores), sugestoes: JSON.stringify(churn.sugestoes) };
}
