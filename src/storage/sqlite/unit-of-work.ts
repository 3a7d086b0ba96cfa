/**
 * One change = the rows, the audit row and the events, all or nothing. After the commit the listeners are told at once,
 * before whoever asked gets an answer, so that no cache can outlive a block.
 */

import { createHash } from 'node:crypto';
import type { Kysely, Transaction } from 'kysely';
import type { Actor } from '../../core/actor';
import { type Clock, rfc3339 } from '../../core/clock';
import type { CommittedEvent, NewEvent } from '../../core/events';
import type { Ids } from '../../core/ids';
import type { Keyring } from '../keys/keyring';
import { createCommitGroups } from './commit-groups';
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
  /** The same for up to `changesTogetherMax` of them in a few statements. */
  recordAll(changes: readonly Change[]): Promise<void>;
}

/** SQLite takes 32,766 parameters in a statement, and each change may have a delivery of six to every consumer. */
export const changesTogetherMax = 250;

/** What a commit did: its events, and the ids of every record it changed or spoke of. */
export interface Commit {
  events: readonly CommittedEvent[];
  ids: ReadonlySet<string>;
}

export type CommitListener = (commit: Commit) => void;

export interface UnitOfWork {
  reader: Db;
  /**
   * Runs `work` in a write transaction; what it throws rolls everything back. Others may share the transaction and its wait
   * for the disk, each with nothing but its own to lose.
   * @returns what `work` returned, once it is on the disk.
   */
  write<T>(actor: Actor, work: (tx: Tx) => Promise<T>): Promise<T>;
  /** As `write`, for what takes long: nobody else's transaction waits for its end, or fails when it fills the disk. */
  writeAlone<T>(actor: Actor, work: (tx: Tx) => Promise<T>): Promise<T>;
  /**
   * As `write`, but without waiting for the disk: a killed process loses nothing, a power failure perhaps the last
   * moments, whole transactions from the end. For work that is then simply done again.
   */
  writeRelaxed<T>(actor: Actor, work: (tx: Tx) => Promise<T>): Promise<T>;
  /** As `write` for what is no change of a record: without audit and events. */
  keep<T>(work: (db: Db) => Promise<T>): Promise<T>;
  /** As `writeRelaxed` for what is no change of a record. */
  keepRelaxed<T>(work: (db: Db) => Promise<T>): Promise<T>;
  /** Runs `work` among the write transactions, where no other change can come between; it changes no records itself. */
  exclusive(work: (db: Db) => Promise<void>): Promise<void>;
  /** Milliseconds that `write` and `keep` have kept somebody waiting so far: over a time, how many waited at once. */
  waitedMs(): number;
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
  const groups = createCommitGroups(writer);

  function change<T>(
    kind: Parameters<typeof groups.submit>[0],
    actor: Actor,
    work: (tx: Tx) => Promise<T>,
  ): Promise<T> {
    const events: CommittedEvent[] = [];
    const touched = new Set<string>();
    const run = async (db: Transaction<Schema>): Promise<T> => {
      // The clock is read inside: the transaction may have waited for others.
      const now = clock.now();
      const recordAll = async (changes: readonly Change[]): Promise<void> => {
        const last = changes.at(-1);
        if (!last) return;
        const eventos = changes.flatMap((change) => change.eventos);
        const hash = await sealedHash(db, keyring);
        await sealAudit(db, keyring, await appendAudit(db, ids, actor, changes, { now, hash }));
        events.push(...(await appendEvents(db, ids, consumers, actor, eventos, now)));
        for (const { entidadeId } of changes) touched.add(entidadeId);
        for (const evento of eventos) for (const id of idsIn(evento)) touched.add(id);
        if (actor.idempotencia) await markEffect(db, actor.idempotencia, last);
      };
      return work({
        db,
        now,
        touch: (id) => {
          touched.add(id);
        },
        record: (change) => recordAll([change]),
        recordAll,
      });
    };
    return groups.submit(kind, run, () => {
      if (touched.size > 0) for (const listener of listeners) listener({ events, ids: touched });
    });
  }

  return {
    reader,
    waitedMs: groups.waitedMs,
    onCommit: (listener) => {
      listeners.push(listener);
    },
    addConsumer: (consumer) => {
      consumers.push(consumer);
    },
    exclusive: (work) => writer.transaction().execute(work),
    keep: (work) => groups.submit({ durable: true, alone: false }, work, () => undefined),
    keepRelaxed: (work) => groups.submit({ durable: false, alone: false }, work, () => undefined),
    write: (actor, work) => change({ durable: true, alone: false }, actor, work),
    writeAlone: (actor, work) => change({ durable: true, alone: true }, actor, work),
    writeRelaxed: (actor, work) => change({ durable: false, alone: false }, actor, work),
  };
}

/** The ids an event speaks of: its entity and every `…_id` in its data. */
function idsIn(event: NewEvent): string[] {
  const named = Object.entries(event.dados).filter(([name]) => name.endsWith('_id'));
  return [event.entidadeId, ...named.map(([, value]) => value).filter((value) => typeof value === 'string')];
}

/**
 * The hash that the next row continues: the sealed one, not the last row's, so that rows cut off before leave a gap that no
 * later row can close. A seal that is not ours is kept in the chain as what it is.
 */
async function sealedHash(db: Db, keyring: Pick<Keyring, 'lookup'>): Promise<string> {
  const seal = await db.selectFrom('auditoria_selo').selectAll().executeTakeFirst();
  if (seal) return seal.selo === auditSeal(keyring, seal) ? seal.hash : `selo alheio: ${seal.selo}`;
  const first = await db.selectFrom('auditoria').select('seq').limit(1).executeTakeFirst();
  return first ? 'selo ausente' : '';
}

/** @returns the new end of the chain. */
async function appendAudit(
  db: Db,
  ids: Ids,
  actor: Actor,
  changes: readonly Change[],
  { now, hash: sealed }: { now: number; hash: string },
): Promise<ChainEnd> {
  let hash = sealed;
  const rows = changes.map((change) => {
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
      hash_anterior: hash,
    };
    hash = auditHash(row);
    return { ...row, hash };
  });
  const written = await db.insertInto('auditoria').values(rows).returning('seq').execute();
  return { seq: Math.max(...written.map(({ seq }) => seq)), hash };
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

async function appendEvents(
  db: Db,
  ids: Ids,
  consumers: readonly OutboxConsumer[],
  actor: Actor,
  events: readonly NewEvent[],
  now: number,
): Promise<CommittedEvent[]> {
  if (events.length === 0) return [];
  const request_id = actor.requestId;
  const named = events.map((event) => ({ ...event, id: ids.next(now) }));
  const written = await db
    .insertInto('outbox')
    .values(
      named.map(({ id, tipo, entidade, entidadeId, dados }) => ({
        id,
        tipo,
        em: now,
        entidade,
        entidade_id: entidadeId,
        dados: JSON.stringify(dados),
        request_id,
      })),
    )
    .returning(['seq', 'id'])
    .execute();
  const seqs = new Map(written.map(({ id, seq }) => [id, seq]));
  const committed = named.map((event) => {
    const seq = seqs.get(event.id);
    if (seq === undefined) throw new Error('an event was not written');
    return { ...event, seq, em: rfc3339(now), request_id };
  });
  const deliveries = committed.flatMap(({ seq, tipo, entidadeId }) =>
    consumers
      .filter((consumer) => consumer.wants(tipo))
      .map(({ nome }) => ({
        seq,
        consumidor: nome,
        entidade_id: entidadeId,
        tentativas: 0,
        proxima_em: now,
        erro: null,
      })),
  );
  if (deliveries.length > 0) await db.insertInto('outbox_entregas').values(deliveries).execute();
  return committed;
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
