/** Alert rules in the database. Every row passes one mapper. */

import type { Selectable } from 'kysely';
import type { EventType } from '../../core/events';
import type { Page, PageRequest } from '../../core/page';
import { Problem } from '../../core/problem';
import { keysetPage } from '../../storage/sqlite/keyset';
import type { AlertaRegraTable } from '../../storage/sqlite/schema-events';
import type { Db } from '../../storage/sqlite/unit-of-work';
import type { Agrupamento, Canal, Condicao, Regra, Severidade, Silencio } from './regras.model';

export const regraSortable = ['criado_em', 'nome'] as const;

export async function listRegras(db: Db, page: PageRequest): Promise<Page<Regra>> {
  return keysetPage(db.selectFrom('alerta_regras').selectAll(), {
    page,
    columns: { criado_em: 'criado_em', nome: 'nome' },
    idColumn: 'id',
    sortValue: (row) => row[regraSortable.find((name) => name === page.ordem.campo) ?? 'criado_em'],
    id: (row) => row.id,
    map: toRegra,
  });
}

/** @throws Problem NAO_ENCONTRADO */
export async function getRegra(db: Db, id: string): Promise<Regra> {
  const row = await db.selectFrom('alerta_regras').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há regra com este id.' });
  return toRegra(row);
}

export async function activeRegras(db: Db): Promise<Regra[]> {
  const rows = await db.selectFrom('alerta_regras').selectAll().where('ativa', '=', 1).orderBy('id').execute();
  return rows.map(toRegra);
}

export async function countRegras(db: Db): Promise<number> {
  const { n } = await db
    .selectFrom('alerta_regras')
    .select(({ fn }) => fn.countAll<number>().as('n'))
    .executeTakeFirstOrThrow();
  return Number(n);
}

/** @throws Problem NOME_DUPLICADO */
export async function insertRegra(db: Db, regra: Regra): Promise<void> {
  await refuseDuplicate(db, regra);
  await db.insertInto('alerta_regras').values(toRow(regra)).execute();
}

/** Rules every installation begins with; those that are there already stay as they are. */
export async function ensureRegras(db: Db, regras: readonly Regra[]): Promise<void> {
  await db
    .insertInto('alerta_regras')
    .values(regras.map(toRow))
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** @throws Problem NOME_DUPLICADO, VERSAO_DESATUALIZADA */
export async function updateRegra(db: Db, regra: Regra): Promise<void> {
  await refuseDuplicate(db, regra);
  const { id, ...row } = toRow(regra);
  const result = await db
    .updateTable('alerta_regras')
    .set(row)
    .where('id', '=', id)
    .where('rev', '=', regra.rev - 1)
    .executeTakeFirst();
  if (result.numUpdatedRows !== 1n) throw new Problem('VERSAO_DESATUALIZADA');
}

export async function deleteRegra(db: Db, id: string): Promise<void> {
  await db.deleteFrom('alerta_regras').where('id', '=', id).execute();
}

async function refuseDuplicate(db: Db, { id, nome }: Regra): Promise<void> {
  const same = await db.selectFrom('alerta_regras').select('id').where('nome', '=', nome).executeTakeFirst();
  if (same && same.id !== id) throw new Problem('NOME_DUPLICADO');
}

function toRegra(row: Selectable<AlertaRegraTable>): Regra {
  return {
    ...row,
    embutida: row.embutida === 1,
    ativa: row.ativa === 1,
    evento: row.evento as EventType | null,
    condicao: row.condicao as Condicao | null,
    severidade: row.severidade as Severidade,
    canais: JSON.parse(row.canais) as Canal[],
    silencio: row.silencio === null ? null : (JSON.parse(row.silencio) as Silencio),
    agrupar_por: row.agrupar_por as Agrupamento,
  };
}

function toRow(regra: Regra): Selectable<AlertaRegraTable> {
  return {
    ...regra,
    embutida: regra.embutida ? 1 : 0,
    ativa: regra.ativa ? 1 : 0,
    canais: JSON.stringify(regra.canais),
    silencio: regra.silencio === null ? null : JSON.stringify(regra.silencio),
  };
}
