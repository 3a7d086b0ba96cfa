/** Invoices and payments in the database. Every row passes one mapper. */

import { type Selectable, sql } from 'kysely';
import type { Page, PageRequest } from '../../core/page';
import { Problem } from '../../core/problem';
import { keysetPage } from '../../storage/sqlite/keyset';
import type { FaturaTable, PagamentoTable } from '../../storage/sqlite/schema';
import type { Db } from '../../storage/sqlite/unit-of-work';
import type { Fatura, FaturaStatus } from './faturas.model';

export const faturaSortable = ['criado_em', 'vence_em', 'numero'] as const;

export interface FaturaFilter {
  licenca_id?: string | undefined;
  cliente_id?: string | undefined;
  status?: FaturaStatus | undefined;
}

/** @throws Problem NAO_ENCONTRADO */
export async function getFatura(db: Db, id: string): Promise<Fatura> {
  const row = await db.selectFrom('faturas').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há fatura com este id.' });
  return toFatura(row);
}

export async function listFaturas(db: Db, page: PageRequest, filter: FaturaFilter): Promise<Page<Fatura>> {
  let query = db.selectFrom('faturas').selectAll();
  if (filter.licenca_id) query = query.where('licenca_id', '=', filter.licenca_id);
  if (filter.cliente_id) query = query.where('cliente_id', '=', filter.cliente_id);
  if (filter.status) query = query.where('status', '=', filter.status);
  if (page.busca) query = query.where('numero', '=', Number(page.busca) || 0);
  return keysetPage(query, {
    page,
    columns: { criado_em: 'criado_em', vence_em: 'vence_em', numero: 'numero' },
    idColumn: 'id',
    sortValue: (row) => row[faturaSortable.find((name) => name === page.ordem.campo) ?? 'criado_em'],
    id: (row) => row.id,
    map: toFatura,
  });
}

/** The number of the next invoice; taken inside the transaction that writes it, so that there is no gap. */
export async function nextNumero(db: Db): Promise<number> {
  const last = await db.selectFrom('faturas').select('numero').orderBy('numero', 'desc').limit(1).executeTakeFirst();
  return (last?.numero ?? 0) + 1;
}

/** Whether a period of a licence has its invoice: every period is billed once. */
export async function periodIsBilled(db: Db, licencaId: string, periodoInicio: number): Promise<boolean> {
  const row = await db
    .selectFrom('faturas')
    .select('id')
    .where('licenca_id', '=', licencaId)
    .where('periodo_inicio', '=', periodoInicio)
    .executeTakeFirst();
  return row !== undefined;
}

export async function insertFatura(db: Db, fatura: Fatura): Promise<void> {
  await db.insertInto('faturas').values(toRow(fatura)).execute();
}

/** Saves over the revision before. @throws Problem VERSAO_DESATUALIZADA */
export async function updateFatura(db: Db, fatura: Fatura): Promise<void> {
  const { id, ...row } = toRow(fatura);
  const result = await db
    .updateTable('faturas')
    .set(row)
    .where('id', '=', id)
    .where('rev', '=', fatura.rev - 1)
    .executeTakeFirst();
  if (result.numUpdatedRows !== 1n) throw new Problem('VERSAO_DESATUALIZADA');
}

/** Unpaid invoices whose grace is over, the oldest first. */
export async function overdueFaturas(db: Db, now: number, limit: number): Promise<Fatura[]> {
  const rows = await db
    .selectFrom('faturas')
    .selectAll()
    // A literal, so that the partial index is used.
    .where(sql<boolean>`status = 'pendente'`)
    .where('bloqueia_em', '<=', now)
    .orderBy('bloqueia_em')
    .limit(limit)
    .execute();
  return rows.map(toFatura);
}

/** Unpaid invoices past their due moment that nobody was reminded of yet. */
export async function faturasToRemind(db: Db, dueBefore: number, limit: number): Promise<Fatura[]> {
  const rows = await db
    .selectFrom('faturas')
    .selectAll()
    .where(sql<boolean>`status = 'pendente'`)
    .where('pendencia_avisada', '=', 0)
    .where('vence_em', '<=', dueBefore)
    .orderBy('vence_em')
    .limit(limit)
    .execute();
  return rows.map(toFatura);
}

/** Whether a licence has any overdue invoice left. */
export async function hasOverdue(db: Db, licencaId: string): Promise<boolean> {
  const row = await db
    .selectFrom('faturas')
    .select('id')
    .where('licenca_id', '=', licencaId)
    .where('status', '=', 'vencida')
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

export async function findPagamento(db: Db, referencia: string): Promise<Selectable<PagamentoTable> | null> {
  return (
    (await db.selectFrom('pagamentos').selectAll().where('referencia', '=', referencia).executeTakeFirst()) ?? null
  );
}

export async function insertPagamento(db: Db, pagamento: Selectable<PagamentoTable>): Promise<void> {
  await db.insertInto('pagamentos').values(pagamento).execute();
}

function toFatura(row: Selectable<FaturaTable>): Fatura {
  return { ...row, status: row.status as FaturaStatus, pendencia_avisada: row.pendencia_avisada === 1 };
}

function toRow(fatura: Fatura): Selectable<FaturaTable> {
  return { ...fatura, pendencia_avisada: fatura.pendencia_avisada ? 1 : 0 };
}
