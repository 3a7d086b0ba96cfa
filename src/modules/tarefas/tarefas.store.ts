/** Jobs and their runs in the database. Every row passes one mapper. */

import type { Selectable } from 'kysely';
import type { Page, PageRequest } from '../../core/page';
import { keysetPage } from '../../storage/sqlite/keyset';
import type { TarefaExecucaoTable, TarefaTable } from '../../storage/sqlite/schema-operation';
import type { Db } from '../../storage/sqlite/unit-of-work';
import type { Execucao, Origem, Resultado, TarefaEstado } from './tarefas.model';

export const execucaoSortable = ['inicio'] as const;

/** Runs kept of each job: a day and a half of one that runs every five minutes, years of a daily one. */
const execucoesKeptMax = 500;

export async function listTarefas(db: Db): Promise<TarefaEstado[]> {
  return (await db.selectFrom('tarefas').selectAll().orderBy('nome').execute()).map(toEstado);
}

/** Creates the job's row or replaces it. */
export async function saveTarefa(db: Db, estado: TarefaEstado): Promise<void> {
  const { nome, ...rest } = estado;
  const row = { ...rest, ativa: estado.ativa ? 1 : 0 };
  await db
    .insertInto('tarefas')
    .values({ nome, ...row })
    .onConflict((conflict) => conflict.column('nome').doUpdateSet(row))
    .execute();
}

export async function insertExecucao(db: Db, execucao: Execucao): Promise<void> {
  await db.insertInto('tarefas_execucoes').values(execucao).execute();
}

/** Writes how a run ended, and forgets runs beyond those that are kept. */
export async function endExecucao(db: Db, { id, nome, fim, resultado, detalhe }: Execucao): Promise<void> {
  await db.updateTable('tarefas_execucoes').set({ fim, resultado, detalhe }).where('id', '=', id).execute();
  const oldest = await db
    .selectFrom('tarefas_execucoes')
    .select('inicio')
    .where('nome', '=', nome)
    .orderBy('inicio', 'desc')
    .orderBy('id', 'desc')
    .offset(execucoesKeptMax)
    .limit(1)
    .executeTakeFirst();
  if (!oldest) return;
  await db
    .deleteFrom('tarefas_execucoes')
    .where('nome', '=', nome)
    .where('inicio', '<=', oldest.inicio)
    .where('fim', 'is not', null)
    .execute();
}

/** Runs that have not ended: after a start, those that a crash cut off. */
export async function openExecucoes(db: Db): Promise<Execucao[]> {
  return (await db.selectFrom('tarefas_execucoes').selectAll().where('fim', 'is', null).execute()).map(toExecucao);
}

export async function lastExecucao(db: Db, nome: string): Promise<Execucao | null> {
  const row = await db
    .selectFrom('tarefas_execucoes')
    .selectAll()
    .where('nome', '=', nome)
    .orderBy('inicio', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ? toExecucao(row) : null;
}

export async function listExecucoes(db: Db, page: PageRequest, nome: string): Promise<Page<Execucao>> {
  return keysetPage(db.selectFrom('tarefas_execucoes').selectAll().where('nome', '=', nome), {
    page,
    columns: { inicio: 'inicio' },
    idColumn: 'id',
    sortValue: (row) => row.inicio,
    id: (row) => row.id,
    map: toExecucao,
  });
}

function toEstado(row: Selectable<TarefaTable>): TarefaEstado {
  return { ...row, ativa: row.ativa === 1 };
}

function toExecucao(row: Selectable<TarefaExecucaoTable>): Execucao {
  return { ...row, origem: row.origem as Origem, resultado: row.resultado as Resultado };
}
