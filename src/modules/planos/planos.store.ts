/** Plans in the database. Every row passes one mapper. */

import { type Selectable, sql } from 'kysely';
import type { Page, PageRequest } from '../../core/page';
import { Problem } from '../../core/problem';
import { keysetPage } from '../../storage/sqlite/keyset';
import type { PlanoTable } from '../../storage/sqlite/schema';
import type { Db } from '../../storage/sqlite/unit-of-work';
import type { Periodicidade } from '../faturas/periodo.model';
import type { Plano } from './planos.model';

const plansMax = 1_000;

/** Months of one billing period, over `planos`. */
export const monthsOfPeriod = sql<number>`CASE planos.periodo WHEN 'anual' THEN 12 WHEN 'trimestral' THEN 3 ELSE 1 END`;
/** What a plan costs a month, whole centavos, over `planos`. */
export const monthlyCentavos = sql<number>`planos.preco_centavos / ${monthsOfPeriod}`;

export const planoSortable = ['criado_em', 'nome', 'preco_centavos'] as const;

export async function findPlano(db: Db, id: string): Promise<Plano | null> {
  const row = await db.selectFrom('planos').selectAll().where('id', '=', id).executeTakeFirst();
  return row ? toPlano(row) : null;
}

/** @throws Problem NAO_ENCONTRADO */
export async function getPlano(db: Db, id: string): Promise<Plano> {
  const plano = await findPlano(db, id);
  if (!plano) throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há plano com este id.' });
  return plano;
}

export async function listPlanos(db: Db, page: PageRequest, produtoId: string | undefined): Promise<Page<Plano>> {
  let query = db.selectFrom('planos').selectAll();
  if (produtoId) query = query.where('produto_id', '=', produtoId);
  if (page.busca) query = query.where('nome', 'like', `%${page.busca.replace(/[%_]/g, '_')}%`);
  return keysetPage(query, {
    page,
    columns: { criado_em: 'criado_em', nome: 'nome', preco_centavos: 'preco_centavos' },
    idColumn: 'id',
    sortValue: (row) => row[planoSortable.find((name) => name === page.ordem.campo) ?? 'criado_em'],
    id: (row) => row.id,
    map: toPlano,
  });
}

/** Every plan there is: a house has tens of them, not thousands. */
export async function allPlanos(db: Db): Promise<Plano[]> {
  const rows = await db.selectFrom('planos').selectAll().limit(plansMax).execute();
  return rows.map(toPlano);
}

/** @throws Problem NOME_DUPLICADO */
export async function insertPlano(db: Db, plano: Plano): Promise<void> {
  await refuseDuplicate(db, plano);
  await db.insertInto('planos').values(toRow(plano)).execute();
}

/** @throws Problem NOME_DUPLICADO, VERSAO_DESATUALIZADA */
export async function updatePlano(db: Db, plano: Plano): Promise<void> {
  await refuseDuplicate(db, plano);
  const { id, ...row } = toRow(plano);
  const result = await db
    .updateTable('planos')
    .set(row)
    .where('id', '=', id)
    .where('rev', '=', plano.rev - 1)
    .executeTakeFirst();
  if (result.numUpdatedRows !== 1n) throw new Problem('VERSAO_DESATUALIZADA');
}

/** @throws Problem EM_USO while a licence is of the plan. */
export async function deletePlano(db: Db, id: string): Promise<void> {
  const licenca = await db.selectFrom('licencas').select('id').where('plano_id', '=', id).limit(1).executeTakeFirst();
  if (licenca) throw new Problem('EM_USO');
  await db.deleteFrom('planos').where('id', '=', id).execute();
}

async function refuseDuplicate(db: Db, { id, produto_id, nome }: Plano): Promise<void> {
  const same = await db
    .selectFrom('planos')
    .select('id')
    .where('produto_id', '=', produto_id)
    .where('nome', '=', nome)
    .executeTakeFirst();
  if (same && same.id !== id) throw new Problem('NOME_DUPLICADO');
}

function toPlano(row: Selectable<PlanoTable>): Plano {
  return { ...row, periodo: row.periodo as Periodicidade, recursos: JSON.parse(row.recursos) as string[] };
}

function toRow(plano: Plano): Selectable<PlanoTable> {
  return { ...plano, recursos: JSON.stringify(plano.recursos) };
}
