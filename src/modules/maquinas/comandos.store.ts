/** Commands in the database. Every row passes one mapper. */

import { type Selectable, sql } from 'kysely';
import type { Page, PageRequest } from '../../core/page';
import { Problem } from '../../core/problem';
import { keysetPage } from '../../storage/sqlite/keyset';
import type { ComandoTable } from '../../storage/sqlite/schema';
import type { Db } from '../../storage/sqlite/unit-of-work';
import type { Comando, ComandoStatus, ComandoTipo } from './comandos.model';

export const comandoSortable = ['criado_em'] as const;

export interface ComandoFilter {
  status?: ComandoStatus | undefined;
  tipo?: ComandoTipo | undefined;
}

export type ComandoRow = Selectable<ComandoTable>;

const waiting = ['na_fila', 'enviado'];
const open = [...waiting, 'recebido'];

/** @throws Problem NAO_ENCONTRADO */
export async function getComando(db: Db, maquinaId: string, id: string): Promise<Comando> {
  const found = await findComando(db, maquinaId, id);
  if (!found) throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há comando com este id nesta máquina.' });
  return found;
}

export async function findComando(db: Db, maquinaId: string, id: string): Promise<Comando | null> {
  const row = await db
    .selectFrom('comandos')
    .selectAll()
    .where('id', '=', id)
    .where('maquina_id', '=', maquinaId)
    .executeTakeFirst();
  return row ? toComando(row) : null;
}

export async function insertComandos(db: Db, comandos: readonly Comando[]): Promise<void> {
  if (comandos.length > 0) await db.insertInto('comandos').values(comandos.map(toRow)).execute();
}

/** Saves over the revision before. @throws Problem VERSAO_DESATUALIZADA */
export async function updateComando(db: Db, comando: Comando): Promise<void> {
  const { id, ...row } = toRow(comando);
  const result = await db
    .updateTable('comandos')
    .set(row)
    .where('id', '=', id)
    .where('rev', '=', comando.rev - 1)
    .executeTakeFirst();
  if (result.numUpdatedRows !== 1n) throw new Problem('VERSAO_DESATUALIZADA');
}

/** The commands of a machine or a customer; by status as it is at the moment, the end of their time included. */
export async function listComandos(
  db: Db,
  of: { maquina_id: string } | { cliente_id: string },
  page: PageRequest,
  filter: ComandoFilter,
  now: number,
): Promise<Page<Comando>> {
  let query = db.selectFrom('comandos').selectAll();
  if ('maquina_id' in of) query = query.where('maquina_id', '=', of.maquina_id);
  else
    query = query.where(
      'maquina_id',
      'in',
      db.selectFrom('maquinas').select('id').where('cliente_id', '=', of.cliente_id),
    );
  if (filter.tipo) query = query.where('tipo', '=', filter.tipo);
  if (filter.status === 'expirado') {
    query = query.where((is) =>
      is.or([is('status', '=', 'expirado'), is.and([is('status', 'in', open), is('expira_em', '<=', now)])]),
    );
  } else if (filter.status) {
    query = query.where('status', '=', filter.status);
    if (open.includes(filter.status)) query = query.where('expira_em', '>', now);
  }
  return keysetPage(query, {
    page,
    columns: { criado_em: 'criado_em' },
    idColumn: 'id',
    sortValue: (row) => row.criado_em,
    id: (row) => row.id,
    map: toComando,
  });
}

/** Commands that the machine has yet to receive, oldest first. */
export function selectWaiting(db: Db) {
  return db
    .selectFrom('comandos')
    .selectAll()
    .where('maquina_id', '=', '')
    .where(sql<boolean>`status IN ('na_fila', 'enviado')`)
    .orderBy('id');
}

export interface Commandable {
  ativa: boolean;
  /** How many commands it has yet to receive. */
  waiting: number;
}

/** Of these machines, those that there are, with what decides whether they take another command. */
export async function commandable(
  db: Db,
  maquinaIds: readonly string[],
  now: number,
): Promise<Map<string, Commandable>> {
  const machines = await db.selectFrom('maquinas').select(['id', 'ativa']).where('id', 'in', maquinaIds).execute();
  const counts = await db
    .selectFrom('comandos')
    .select(['maquina_id', (count) => count.fn.countAll<number>().as('total')])
    .where('maquina_id', 'in', maquinaIds)
    .where(sql<boolean>`status IN ('na_fila', 'enviado')`)
    .where('expira_em', '>', now)
    .groupBy('maquina_id')
    .execute();
  const waiting = new Map(counts.map(({ maquina_id, total }) => [maquina_id, Number(total)]));
  return new Map(machines.map(({ id, ativa }) => [id, { ativa: ativa === 1, waiting: waiting.get(id) ?? 0 }]));
}

/** Records that commands went out or were received; what has come further stays where it is. */
export async function markComandos(
  db: Db,
  ids: readonly string[],
  step: 'enviado' | 'recebido',
  at: number,
): Promise<void> {
  const before = step === 'enviado' ? ['na_fila'] : waiting;
  // What was received was sent, though the note of it may be written after.
  const sent = sql<number>`COALESCE(enviado_em, ${at})`;
  const times = step === 'enviado' ? { enviado_em: at } : { enviado_em: sent, recebido_em: at };
  await db
    .updateTable('comandos')
    .set({ status: step, ...times, atualizado_em: at, rev: sql<number>`rev + 1` })
    .where('id', 'in', ids)
    .where('status', 'in', before)
    .execute();
}

/** Forgets every command to a customer's machines. */
export async function removeComandosOfCliente(db: Db, clienteId: string): Promise<void> {
  const machines = db.selectFrom('maquinas').select('id').where('cliente_id', '=', clienteId);
  await db.deleteFrom('comandos').where('maquina_id', 'in', machines).execute();
}

/** Writes down the end of commands whose time has run out. @returns how many there were, at most `limit`. */
export async function expireComandos(db: Db, now: number, limit: number): Promise<number> {
  const due = db
    .selectFrom('comandos')
    .select('id')
    .where(sql<boolean>`status IN ('na_fila', 'enviado', 'recebido')`)
    .where('expira_em', '<=', now)
    .limit(limit);
  const result = await db
    .updateTable('comandos')
    .set({ status: 'expirado', concluido_em: now, atualizado_em: now, rev: sql<number>`rev + 1` })
    .where('id', 'in', due)
    .executeTakeFirst();
  return Number(result.numUpdatedRows);
}

/** Removes commands that ended before a moment. @returns how many there were, at most `limit`. */
export async function removeOldComandos(db: Db, before: number, limit: number): Promise<number> {
  const old = db
    .selectFrom('comandos')
    .select('id')
    .where(sql<boolean>`status NOT IN ('na_fila', 'enviado', 'recebido')`)
    .where('atualizado_em', '<=', before)
    .limit(limit);
  const result = await db.deleteFrom('comandos').where('id', 'in', old).executeTakeFirst();
  return Number(result.numDeletedRows);
}

export function toComando(row: ComandoRow): Comando {
  return {
    ...row,
    tipo: row.tipo as ComandoTipo,
    status: row.status as ComandoStatus,
    dados: JSON.parse(row.dados) as Record<string, unknown>,
  };
}

function toRow(comando: Comando): ComandoRow {
  return { ...comando, dados: JSON.stringify(comando.dados) };
}
