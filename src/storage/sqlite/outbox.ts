/**
 * The outbox in the database: events, one row for each consumer that has yet to have one, and dead letters. Rows, not a
 * position in the list: an event whose transaction commits late is never skipped.
 */

import { type Selectable, sql } from 'kysely';
import { rfc3339 } from '../../core/clock';
import type { CommittedEvent, EventType } from '../../core/events';
import type { OutboxTable } from './schema-events';
import type { Db } from './unit-of-work';

export interface DueEvent {
  event: CommittedEvent;
  /** Failed deliveries so far. */
  tentativas: number;
}

/** Every row of the outbox passes here. */
export function toEvent(row: Selectable<OutboxTable>): CommittedEvent {
  return {
    seq: row.seq,
    id: row.id,
    tipo: row.tipo as EventType,
    em: rfc3339(row.em),
    entidade: row.entidade,
    entidadeId: row.entidade_id,
    dados: JSON.parse(row.dados) as Record<string, unknown>,
    request_id: row.request_id,
  };
}

/** The oldest events due for a consumer, but none behind a postponed one of the same entity. */
export async function dueEvents(db: Db, consumidor: string, now: number, limit: number): Promise<DueEvent[]> {
  const rows = await db
    .selectFrom('outbox_entregas as entrega')
    .innerJoin('outbox', 'outbox.seq', 'entrega.seq')
    .selectAll('outbox')
    .select('entrega.tentativas')
    .where('entrega.consumidor', '=', consumidor)
    .where('entrega.proxima_em', '<=', now)
    .where(
      sql<boolean>`NOT EXISTS (SELECT 1 FROM outbox_entregas AS antes WHERE antes.consumidor = entrega.consumidor
        AND antes.entidade_id = entrega.entidade_id AND antes.tentativas > 0 AND antes.seq < entrega.seq
        AND antes.proxima_em > ${now})`,
    )
    .orderBy('entrega.seq')
    .limit(limit)
    .execute();
  return rows.map(({ tentativas, ...row }) => ({ event: toEvent(row), tentativas }));
}

/** Takes delivered events off a consumer's list. */
export async function settleDeliveries(db: Db, consumidor: string, seqs: readonly number[]): Promise<void> {
  if (seqs.length === 0) return;
  await db.deleteFrom('outbox_entregas').where('consumidor', '=', consumidor).where('seq', 'in', seqs).execute();
}

export async function postponeDelivery(
  db: Db,
  consumidor: string,
  seq: number,
  set: { tentativas: number; proxima_em: number; erro: string },
): Promise<void> {
  await db
    .updateTable('outbox_entregas')
    .set(set)
    .where('consumidor', '=', consumidor)
    .where('seq', '=', seq)
    .execute();
}

/** A delivery given up: its entity's later events go on, and an administrator may have it delivered again. */
export interface DeadLetter {
  id: string;
  consumidor: string;
  seq: number;
  entidade_id: string;
  tentativas: number;
  erro: string;
  morta_em: number;
}

export async function buryDelivery(db: Db, letter: DeadLetter): Promise<void> {
  await db.insertInto('outbox_mortas').values(letter).execute();
  await settleDeliveries(db, letter.consumidor, [letter.seq]);
}

/** Puts a dead letter back on its consumer's list. @returns false when there is none with this id. */
export async function reviveDelivery(db: Db, id: string, now: number): Promise<boolean> {
  const letter = await db.selectFrom('outbox_mortas').selectAll().where('id', '=', id).executeTakeFirst();
  if (!letter) return false;
  const { consumidor, seq, entidade_id } = letter;
  await db.deleteFrom('outbox_mortas').where('id', '=', id).execute();
  await db
    .insertInto('outbox_entregas')
    .values({ consumidor, seq, entidade_id, tentativas: 0, proxima_em: now, erro: null })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return true;
}

export interface ConsumerLag {
  consumidor: string;
  pendentes: number;
  /** Age of the oldest undelivered event, milliseconds. */
  atraso_ms: number;
  mortas: number;
}

/** How far behind each consumer is. */
export async function consumerLags(db: Db, consumers: readonly string[], now: number): Promise<ConsumerLag[]> {
  const lags: ConsumerLag[] = [];
  for (const consumidor of consumers) {
    const pending = await db
      .selectFrom('outbox_entregas')
      .select(({ fn }) => [fn.countAll<number>().as('n'), fn.min('seq').as('first')])
      .where('consumidor', '=', consumidor)
      .executeTakeFirstOrThrow();
    const oldest = pending.first === null ? null : await emOf(db, Number(pending.first));
    const dead = await db
      .selectFrom('outbox_mortas')
      .select(({ fn }) => fn.countAll<number>().as('n'))
      .where('consumidor', '=', consumidor)
      .executeTakeFirstOrThrow();
    lags.push({
      consumidor,
      pendentes: Number(pending.n),
      atraso_ms: oldest === null ? 0 : Math.max(0, now - oldest),
      mortas: Number(dead.n),
    });
  }
  return lags;
}

async function emOf(db: Db, seq: number): Promise<number | null> {
  const row = await db.selectFrom('outbox').select('em').where('seq', '=', seq).executeTakeFirst();
  return row?.em ?? null;
}
