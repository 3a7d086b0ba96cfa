/** Deliveries of webhooks in the database: the queue of each webhook, and the log of what came of it. */

import { CompiledQuery, type Selectable, sql } from 'kysely';
import { rfc3339 } from '../../core/clock';
import type { Page, PageRequest } from '../../core/page';
import { Problem } from '../../core/problem';
import { keysetPage } from '../../storage/sqlite/keyset';
import type { WebhookEntregaTable } from '../../storage/sqlite/schema-events';
import type { Db } from '../../storage/sqlite/unit-of-work';
import type { EventoGravado } from './corpo.view';
import type { EntregaStatus, Tentativa } from './webhooks.model';

export const entregaSortable = ['criada_em'] as const;
const rowsPerInsert = [256, 64, 16, 4, 1];

export interface Entrega extends Omit<Selectable<WebhookEntregaTable>, 'status'> {
  status: EntregaStatus;
}

/** A delivery that has not begun. */
export interface NovaEntrega {
  id: string;
  webhook_id: string;
  seq: number;
  evento_id: string;
  tipo: string;
  entidade_id: string;
}

/** Puts deliveries, in the order of their events, at the end of their entities' queues. */
export async function queueEntregas(db: Db, novas: readonly NovaEntrega[], now: number): Promise<void> {
  const waiting = await pendingEntities(db, novas);
  const rows = novas.map((nova) => {
    const entity = entityOf(nova);
    const first = !waiting.has(entity);
    waiting.add(entity);
    const { id, webhook_id, seq, evento_id, tipo, entidade_id } = nova;
    // Only the first of an entity is due; the others get their turn from the one before.
    return [id, webhook_id, seq, evento_id, tipo, entidade_id, 'pendente', 0, first ? now : null, now];
  });
  let from = 0;
  for (const size of rowsPerInsert) {
    for (; rows.length - from >= size; from += size) {
      await db.executeQuery(CompiledQuery.raw(insertSql(size), rows.slice(from, from + size).flat()));
    }
  }
}

/** One statement for a number of rows, of which there are few, so that each is compiled once. */
function insertSql(rows: number): string {
  return `INSERT INTO webhook_entregas (id, webhook_id, seq, evento_id, tipo, entidade_id, status, tentativas, proxima_em,
    criada_em) VALUES ${Array(rows).fill('(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').join(', ')}`;
}

function entityOf({ webhook_id, entidade_id }: { webhook_id: string; entidade_id: string }): string {
  return `${webhook_id} ${entidade_id}`;
}

async function pendingEntities(db: Db, novas: readonly NovaEntrega[]): Promise<Set<string>> {
  const rows = await db
    .selectFrom('webhook_entregas')
    .select(['webhook_id', 'entidade_id'])
    .distinct()
    .where('status', '=', 'pendente')
    .where('webhook_id', 'in', [...new Set(novas.map(({ webhook_id }) => webhook_id))])
    .where('entidade_id', 'in', [...new Set(novas.map(({ entidade_id }) => entidade_id))])
    .execute();
  return new Set(rows.map(entityOf));
}

/** A delivery that is due, with its event as long as that is kept. */
export type EntregaDevida = Pick<
  Entrega,
  'id' | 'webhook_id' | 'evento_id' | 'entidade_id' | 'tentativas' | 'requisicao'
> & {
  evento: EventoGravado | null;
};

/** What is due for one webhook, the longest waiting first. */
export async function dueEntregas(db: Db, webhookId: string, now: number, limit: number): Promise<EntregaDevida[]> {
  const rows = await db
    .selectFrom('webhook_entregas as entrega')
    .leftJoin('outbox', 'outbox.seq', 'entrega.seq')
    .select(['entrega.id', 'entrega.webhook_id', 'entrega.evento_id', 'entrega.entidade_id', 'entrega.tentativas'])
    .select(['entrega.requisicao', 'outbox.tipo', 'outbox.em', 'outbox.dados', 'outbox.request_id'])
    .where('entrega.webhook_id', '=', webhookId)
    .where('entrega.proxima_em', 'is not', null)
    .where('entrega.proxima_em', '<=', now)
    .orderBy('entrega.proxima_em')
    .limit(limit)
    .execute();
  return rows.map(({ tipo, em, dados, request_id, ...entrega }) => ({
    ...entrega,
    evento:
      tipo === null || em === null || dados === null
        ? null
        : { id: entrega.evento_id, tipo, em: rfc3339(em), dados, request_id },
  }));
}

/** What came of an attempt, to be written. */
export type Resultado = Pick<Entrega, 'id' | 'webhook_id' | 'entidade_id' | 'status' | 'tentativas' | 'proxima_em'> & {
  tentativa: Tentativa;
  tentada_em: number;
};

/** Compiled once: they run ten times for each event that ten webhooks want. */
const saveSql = `UPDATE webhook_entregas SET status = ?, tentativas = ?, proxima_em = ?, tentada_em = ?, duracao_ms = ?,
  requisicao = ?, resposta_status = ?, resposta_corpo = ?, erro = ? WHERE id = ?`;
const advanceSql = `UPDATE webhook_entregas SET proxima_em = ? WHERE proxima_em IS NULL AND id = (
  SELECT id FROM webhook_entregas WHERE webhook_id = ? AND entidade_id = ? AND status = 'pendente' ORDER BY seq LIMIT 1)`;

/** Writes what came of an attempt; once it is settled, the entity's next delivery gets its turn. */
export async function saveResultado(db: Db, resultado: Resultado): Promise<void> {
  const { id, webhook_id, entidade_id, status, tentativas, proxima_em, tentativa, tentada_em } = resultado;
  const { duracaoMs, requisicao, status: answered, resposta, erro } = tentativa;
  const attempt = [tentada_em, Math.round(duracaoMs), requisicao, answered, resposta, erro];
  await db.executeQuery(CompiledQuery.raw(saveSql, [status, tentativas, proxima_em, ...attempt, id]));
  if (status !== 'pendente') await advanceEntity(db, webhook_id, entidade_id, tentada_em);
}

async function advanceEntity(db: Db, webhookId: string, entidadeId: string, now: number): Promise<void> {
  await db.executeQuery(CompiledQuery.raw(advanceSql, [now, webhookId, entidadeId]));
}

export async function insertEntrega(db: Db, entrega: Entrega): Promise<void> {
  await db.insertInto('webhook_entregas').values(entrega).execute();
}

/** @throws Problem NAO_ENCONTRADO */
export async function getEntrega(db: Db, id: string): Promise<Entrega> {
  const row = await db.selectFrom('webhook_entregas').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há entrega com este id.' });
  return toEntrega(row);
}

export async function listEntregas(
  db: Db,
  page: PageRequest,
  webhookId: string,
  status: EntregaStatus | undefined,
): Promise<Page<Entrega>> {
  let query = db.selectFrom('webhook_entregas').selectAll().where('webhook_id', '=', webhookId);
  if (status !== undefined) query = query.where('status', '=', status);
  return keysetPage(query, {
    page,
    // Deliveries lie in the order of their events, which is that of their creation but for replays.
    columns: { criada_em: 'seq' },
    idColumn: 'id',
    sortValue: (row) => row.seq,
    id: (row) => row.id,
    map: toEntrega,
  });
}

/** Has settled deliveries made again, each under the id of its event. @returns those that were not waiting anyway. */
export async function requeueEntregas(db: Db, ids: readonly string[], now: number): Promise<number> {
  if (ids.length === 0) return 0;
  const result = await db
    .updateTable('webhook_entregas')
    .set({ status: 'pendente', tentativas: 0, proxima_em: null, erro: null })
    .where('id', 'in', ids)
    .where('status', '<>', 'pendente')
    .executeTakeFirst();
  const entities = await db
    .selectFrom('webhook_entregas')
    .select(['webhook_id', 'entidade_id'])
    .distinct()
    .where('id', 'in', ids)
    .execute();
  for (const { webhook_id, entidade_id } of entities) await advanceEntity(db, webhook_id, entidade_id, now);
  return Number(result.numUpdatedRows);
}

/** Which of some events a webhook has deliveries of. */
export async function entregasOfEvents(
  db: Db,
  webhookId: string,
  seqs: readonly number[],
): Promise<{ id: string; seq: number; status: string }[]> {
  if (seqs.length === 0) return [];
  return db
    .selectFrom('webhook_entregas')
    .select(['id', 'seq', 'status'])
    .where('webhook_id', '=', webhookId)
    .where('seq', 'in', seqs)
    .execute();
}

/** Removes deliveries of one webhook up to an event, but none that is waiting. @returns how many, at most `limit`. */
export async function deleteEntregas(
  db: Db,
  webhookId: string,
  which: { seqMax: number; waitingToo: boolean },
  limit: number,
): Promise<number> {
  let old = db
    .selectFrom('webhook_entregas')
    .select('id')
    .where('webhook_id', '=', webhookId)
    .where('seq', '<=', which.seqMax)
    .limit(limit);
  if (!which.waitingToo) old = old.where('status', '<>', 'pendente');
  const result = await db.deleteFrom('webhook_entregas').where('id', 'in', old).executeTakeFirst();
  return Number(result.numDeletedRows);
}

export async function countEntregas(db: Db): Promise<{ pendentes: number; devidas: number }> {
  const count = (condition: ReturnType<typeof sql<boolean>>) =>
    db
      .selectFrom('webhook_entregas')
      .select(({ fn }) => fn.countAll<number>().as('n'))
      .where(condition)
      .executeTakeFirstOrThrow();
  const pending = await count(sql<boolean>`status = 'pendente'`);
  const due = await count(sql<boolean>`proxima_em IS NOT NULL`);
  return { pendentes: Number(pending.n), devidas: Number(due.n) };
}

function toEntrega(row: Selectable<WebhookEntregaTable>): Entrega {
  return { ...row, status: row.status as EntregaStatus };
}
