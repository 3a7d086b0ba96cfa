/**
 * One change = one transaction: the rows, the audit row and the events, all or nothing. After the commit the listeners
 * are told at once, before whoever asked gets an answer, so that no cache can outlive a block.
 */

import { createHash } from 'node:crypto';
import type { Kysely, Transaction } from 'kysely';
import type { Actor } from '../../core/actor';
import { type Clock, rfc3339 } from '../../core/clock';
import type { CommittedEvent, NewEvent } from '../../core/events';
import type { Ids } from '../../core/ids';
import type { Keyring } from '../keys/keyring';
import type { Schema } from './schema';

export type Db = Kysely<Schema>;

/** What a use case did: the audit row (before and after) and the events that tell of it. */
export interface Change {
  acao: string;
  entidade: string;
  entidadeId: string;
  antes: object | null;
  depois: object | null;
  eventos: readonly NewEvent[];
}

export interface Tx {
  db: Transaction<Schema>;
  now: number;
  /** Outdates what rests on a record that this transaction changes without a word in the audit. */
  touch(id: string): void;
  /** Writes the audit row and the events of a change into this transaction. */
  record(change: Change): Promise<void>;
}

/** What a commit did: its events, and the ids of every record it changed or spoke of. */
export interface Commit {
  events: readonly CommittedEvent[];
  ids: ReadonlySet<string>;
}

export type CommitListener = (commit: Commit) => void;

export interface UnitOfWork {
  reader: Db;
  /**
   * Runs `work` in the one write transaction; what it throws rolls everything back.
   * @returns what `work` returned, once it is on the disk.
   */
  write<T>(actor: Actor, work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Runs `work` among the write transactions, where no other change can come between; it changes no records itself. */
  exclusive(work: (db: Db) => Promise<void>): Promise<void>;
  /** Is told of every commit, in order. */
  onCommit(listener: CommitListener): void;
  /** Names a consumer whose deliveries are kept in the outbox from now on. */
  addConsumer(consumer: OutboxConsumer): void;
}

export interface OutboxConsumer {
  nome: string;
  wants(tipo: CommittedEvent['tipo']): boolean;
}

interface Dependencies {
  writer: Db;
  reader: Db;
  clock: Clock;
  ids: Ids;
  keyring: Pick<Keyring, 'lookup'>;
}

/** Fields that never enter the audit or an event, whatever the entity. */
const secretFields = new Set([
  'senha',
  'senha_hash',
  'chave',
  'token',
  'chave_selada',
  'chave_hmac',
  'token_selado',
  'token_hmac',
  'segredo',
  'segredo_anterior',
  'segredo_hmac',
  'segredo_selado',
  'client_secret',
  'otp_selado',
  'otp_novo_selado',
]);

export function createUnitOfWork({ writer, reader, clock, ids, keyring }: Dependencies): UnitOfWork {
  const listeners: CommitListener[] = [];
  const consumers: OutboxConsumer[] = [];

  return {
    reader,
    onCommit: (listener) => {
      listeners.push(listener);
    },
    addConsumer: (consumer) => {
      consumers.push(consumer);
    },
    exclusive: (work) => writer.transaction().execute(work),
    async write(actor, work) {
      const events: CommittedEvent[] = [];
      const touched = new Set<string>();
      const result = await writer.transaction().execute(async (db) => {
        // The clock is read inside: the transaction may have waited for others.
        const now = clock.now();
        return work({
          db,
          now,
          touch: (id) => {
            touched.add(id);
          },
          record: async (change) => {
            await sealAudit(db, keyring, await appendAudit(db, ids, actor, change, now));
            touched.add(change.entidadeId);
            for (const event of change.eventos) {
              events.push(await appendEvent(db, ids, consumers, actor, event, now));
              for (const id of idsIn(event)) touched.add(id);
            }
            if (actor.idempotencia) await markEffect(db, actor.idempotencia, change);
          },
        });
      });
      if (touched.size > 0) for (const listener of listeners) listener({ events, ids: touched });
      return result;
    },
  };
}

/** The ids an event speaks of: its entity and every `…_id` in its data. */
function idsIn(event: NewEvent): string[] {
  const named = Object.entries(event.dados).filter(([name]) => name.endsWith('_id'));
  return [event.entidadeId, ...named.map(([, value]) => value).filter((value) => typeof value === 'string')];
}

/** @returns the new end of the chain. */
async function appendAudit(db: Db, ids: Ids, actor: Actor, change: Change, now: number): Promise<ChainEnd> {
  const last = await db.selectFrom('auditoria').select('hash').orderBy('seq', 'desc').limit(1).executeTakeFirst();
  const row = {
    id: ids.next(now),
    em: now,
    ator_tipo: actor.tipo,
    ator_id: actor.id,
    ator_nome: actor.nome,
    acao: change.acao,
    entidade: change.entidade,
    entidade_id: change.entidadeId,
    antes: withoutSecrets(change.antes),
    depois: withoutSecrets(change.depois),
    ip: actor.ip,
    request_id: actor.requestId,
    hash_anterior: last?.hash ?? '',
  };
  const hash = auditHash(row);
  const { seq } = await db
    .insertInto('auditoria')
    .values({ ...row, hash })
    .returning('seq')
    .executeTakeFirstOrThrow();
  return { seq, hash };
}

interface ChainEnd {
  seq: number;
  hash: string;
}

/**
 * Notes where the chain ends, under a key that is not in the database: whoever can write to the file alone can neither
 * cut the end off nor write the whole chain anew without its showing.
 */
export async function sealAudit(db: Db, keyring: Pick<Keyring, 'lookup'>, end: ChainEnd): Promise<void> {
  const row = { ...end, selo: auditSeal(keyring, end) };
  await db
    .insertInto('auditoria_selo')
    .values({ unico: 1, ...row })
    .onConflict((conflict) => conflict.column('unico').doUpdateSet(row))
    .execute();
}

/** The seal of the last link of the chain. */
export function auditSeal(keyring: Pick<Keyring, 'lookup'>, { seq, hash }: ChainEnd): string {
  return keyring.lookup('auditoria', `${seq} ${hash}`);
}

/** The link of the audit chain: SHA-256 over the row's fields in their fixed order, the previous hash included. */
export function auditHash(row: {
  id: string;
  em: number;
  ator_tipo: string;
  ator_id: string | null;
  ator_nome: string;
  acao: string;
  entidade: string;
  entidade_id: string;
  antes: string | null;
  depois: string | null;
  ip: string | null;
  request_id: string | null;
  hash_anterior: string;
}): string {
  const fields = [
    row.hash_anterior,
    row.id,
    row.em,
    row.ator_tipo,
    row.ator_id,
    row.ator_nome,
    row.acao,
    row.entidade,
    row.entidade_id,
    row.antes,
    row.depois,
    row.ip,
    row.request_id,
  ];
  return createHash('sha256').update(JSON.stringify(fields)).digest('hex');
}

function withoutSecrets(value: object | null): string | null {
  if (value === null) return null;
  return JSON.stringify(value, (key, inner: unknown) => (secretFields.has(key) ? undefined : inner));
}

async function appendEvent(
  db: Db,
  ids: Ids,
  consumers: readonly OutboxConsumer[],
  actor: Actor,
  event: NewEvent,
  now: number,
): Promise<CommittedEvent> {
  const id = ids.next(now);
  const { seq } = await db
    .insertInto('outbox')
    .values({
      id,
      tipo: event.tipo,
      em: now,
      entidade: event.entidade,
      entidade_id: event.entidadeId,
      dados: JSON.stringify(event.dados),
      request_id: actor.requestId,
    })
    .returning('seq')
    .executeTakeFirstOrThrow();
  const wanted = consumers.filter((consumer) => consumer.wants(event.tipo));
  if (wanted.length > 0) {
    await db
      .insertInto('outbox_entregas')
      .values(
        wanted.map((consumer) => ({
          seq,
          consumidor: consumer.nome,
          entidade_id: event.entidadeId,
          tentativas: 0,
          proxima_em: now,
          erro: null,
        })),
      )
      .execute();
  }
  return { ...event, id, seq, em: rfc3339(now), request_id: actor.requestId };
}

/** Notes in the same transaction that the request under this Idempotency-Key took effect, should its answer be lost. */
async function markEffect(db: Db, idempotencia: string, change: Change): Promise<void> {
  await db
    .updateTable('idempotencia')
    .set({ estado: 'efetivada', entidade: change.entidade, entidade_id: change.entidadeId })
    .where('id', '=', idempotencia)
    .where('estado', '=', 'em_andamento')
    .execute();
}
