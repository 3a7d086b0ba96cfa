/** Alerts and those they are about in the database. */

import type { Selectable } from 'kysely';
import type { Page, PageRequest } from '../../core/page';
import { Problem } from '../../core/problem';
import { keysetPage } from '../../storage/sqlite/keyset';
import type { AlertaTable } from '../../storage/sqlite/schema-events';
import type { Db } from '../../storage/sqlite/unit-of-work';
import { type Alerta, type AlertaStatus, type Membro, shownNamesMax } from './alertas.model';
import type { Severidade } from './regras.model';

export const alertaSortable = ['aberto_em'] as const;

export interface AlertaFilter {
  status?: AlertaStatus | undefined;
  severidade?: Severidade | undefined;
  regra_id?: string | undefined;
  entidade_id?: string | undefined;
}

export async function listAlertas(db: Db, page: PageRequest, filter: AlertaFilter): Promise<Page<Alerta>> {
  const { status, severidade, regra_id, entidade_id } = filter;
  let query = db.selectFrom('alertas').selectAll();
  if (status !== undefined) query = query.where('status', '=', status);
  if (severidade !== undefined) query = query.where('severidade', '=', severidade);
  if (regra_id !== undefined) query = query.where('regra_id', '=', regra_id);
  if (entidade_id !== undefined) {
    // A machine's alerts are also those of its group, for as long as it keeps them open.
    const ofGroups = db.selectFrom('alerta_membros').select('alerta_id').where('entidade_id', '=', entidade_id);
    query = query.where((where) => where.or([where('entidade_id', '=', entidade_id), where('id', 'in', ofGroups)]));
  }
  return keysetPage(query, {
    page,
    columns: { aberto_em: 'aberto_em' },
    idColumn: 'id',
    sortValue: (row) => row.aberto_em,
    id: (row) => row.id,
    map: toAlerta,
  });
}

/** @throws Problem NAO_ENCONTRADO */
export async function getAlerta(db: Db, id: string): Promise<Alerta> {
  const row = await db.selectFrom('alertas').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há alerta com este id.' });
  return toAlerta(row);
}

/** The one open alert of a rule and group. */
export async function findOpenAlerta(db: Db, regraId: string, grupo: string): Promise<Alerta | null> {
  const row = await db
    .selectFrom('alertas')
    .selectAll()
    .where('regra_id', '=', regraId)
    .where('grupo', '=', grupo)
    .where('status', '<>', 'resolvido')
    .executeTakeFirst();
  return row ? toAlerta(row) : null;
}

/** The ids of the open alerts of a rule. */
export async function openAlertasOf(db: Db, regraId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('alertas')
    .select('id')
    .where('regra_id', '=', regraId)
    .where('status', '<>', 'resolvido')
    .execute();
  return rows.map(({ id }) => id);
}

export async function insertAlerta(db: Db, alerta: Alerta): Promise<void> {
  await db.insertInto('alertas').values(alerta).execute();
}

export async function updateAlerta(db: Db, { id, ...row }: Alerta): Promise<void> {
  await db.updateTable('alertas').set(row).where('id', '=', id).execute();
}

/** The rules that have something to tell now. */
export async function regrasToNotify(db: Db, now: number): Promise<string[]> {
  const rows = await db
    .selectFrom('alertas')
    .select('regra_id')
    .distinct()
    .where('notificar_em', 'is not', null)
    .where('notificar_em', '<=', now)
    .execute();
  return rows.map(({ regra_id }) => regra_id);
}

/** Alerts of a rule whose mail and webhook are due, oldest first. */
export async function alertasToNotify(db: Db, regraId: string, now: number, limit: number): Promise<Alerta[]> {
  const rows = await db
    .selectFrom('alertas')
    .selectAll()
    .where('regra_id', '=', regraId)
    .where('notificar_em', 'is not', null)
    .where('notificar_em', '<=', now)
    .orderBy('notificar_em')
    .limit(limit)
    .execute();
  return rows.map(toAlerta);
}

/** When a rule will next tell of something anyway, in the time until a moment. */
export async function nextNotice(db: Db, regraId: string, now: number, until: number): Promise<number | null> {
  const row = await db
    .selectFrom('alertas')
    .select('notificar_em')
    .where('regra_id', '=', regraId)
    .where('notificar_em', 'is not', null)
    .where('notificar_em', '>', now)
    .where('notificar_em', '<=', until)
    .orderBy('notificar_em')
    .limit(1)
    .executeTakeFirst();
  return row?.notificar_em ?? null;
}

/** Puts off what is due for a rule. */
export async function postponeNotices(db: Db, regraId: string, now: number, until: number): Promise<void> {
  await setNotices(db, regraId, now, until);
}

/** Notes that everything due for a rule has been told. @returns how much it was. */
export async function settleNotices(db: Db, regraId: string, now: number): Promise<number> {
  return setNotices(db, regraId, now, null);
}

async function setNotices(db: Db, regraId: string, now: number, notificar_em: number | null): Promise<number> {
  const result = await db
    .updateTable('alertas')
    .set({ notificar_em })
    .where('regra_id', '=', regraId)
    .where('notificar_em', 'is not', null)
    .where('notificar_em', '<=', now)
    .executeTakeFirst();
  return Number(result.numUpdatedRows);
}

/** Alerts that close by themselves now. */
export async function alertasToClose(db: Db, now: number, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('alertas')
    .select('id')
    .where('fecha_em', 'is not', null)
    .where('fecha_em', '<=', now)
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}

export async function findMembro(db: Db, regraId: string, entidadeId: string): Promise<Membro | null> {
  const row = await db
    .selectFrom('alerta_membros')
    .selectAll()
    .where('regra_id', '=', regraId)
    .where('entidade_id', '=', entidadeId)
    .executeTakeFirst();
  return row ?? null;
}

export async function insertMembro(db: Db, membro: Membro): Promise<void> {
  await db.insertInto('alerta_membros').values(membro).execute();
}

export async function deleteMembro(db: Db, regraId: string, entidadeId: string): Promise<void> {
  await db.deleteFrom('alerta_membros').where('regra_id', '=', regraId).where('entidade_id', '=', entidadeId).execute();
}

/** Forgets everyone of an alert. */
export async function deleteMembros(db: Db, alertaId: string): Promise<void> {
  await db.deleteFrom('alerta_membros').where('alerta_id', '=', alertaId).execute();
}

/** How many an alert is about, and the first of them. */
export async function membrosOf(db: Db, alertaId: string): Promise<{ total: number; primeiros: Membro[] }> {
  const ofOne = db.selectFrom('alerta_membros').where('alerta_id', '=', alertaId);
  const { n } = await ofOne.select(({ fn }) => fn.countAll<number>().as('n')).executeTakeFirstOrThrow();
  const primeiros = await ofOne.selectAll().orderBy('entidade_id').limit(shownNamesMax).execute();
  return { total: Number(n), primeiros };
}

/** Everyone in an alert of some rules. */
export async function membrosOfRegras(db: Db, regraIds: readonly string[]): Promise<Membro[]> {
  if (regraIds.length === 0) return [];
  return db.selectFrom('alerta_membros').selectAll().where('regra_id', 'in', regraIds).execute();
}

function toAlerta(row: Selectable<AlertaTable>): Alerta {
  return { ...row, severidade: row.severidade as Severidade, status: row.status as AlertaStatus };
}
