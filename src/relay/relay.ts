/**
 * Takes committed events to those who react to them. Deliveries are rows written with the event, so none is lost in a
 * crash; a reaction that fails is tried again and holds back later events of the same entity only.
 */

import { sql } from 'kysely';
import { type Clock, hourMs, rfc3339, secondMs } from '../core/clock';
import type { CommittedEvent, EventType } from '../core/events';
import type { Db, UnitOfWork } from '../storage/sqlite/unit-of-work';

const batchMax = 200;
const attemptsMax = 20;
const retryMs = [secondMs, 5 * secondMs, 30 * secondMs, 120 * secondMs, 600 * secondMs, hourMs];
const errorCharactersMax = 500;
const pollMs = secondMs;

export interface Reaction {
  nome: string;
  wants(tipo: EventType): boolean;
  /** Must be idempotent: an event is delivered at least once. */
  handle(event: CommittedEvent): Promise<void>;
}

interface Dependencies {
  work: UnitOfWork;
  /** The writing handle: deliveries are settled in their own small transactions. */
  writer: Db;
  clock: Clock;
  /** @param event null when the outbox itself could not be read or written. */
  onError(error: unknown, reaction: string, event: CommittedEvent | null): void;
}

export function createRelay({ work, writer, clock, onError }: Dependencies) {
  const drains: (() => void)[] = [];
  const running = new Set<Promise<void>>();
  let stopped = false;
  let poll: ReturnType<typeof setInterval> | null = null;

  /** Delivers all that is due for one reaction; rung while it runs, it goes round once more. */
  function drainOf(reaction: Reaction): () => void {
    let busy = false;
    let again = false;
    return () => {
      if (stopped) return;
      if (busy) {
        again = true;
        return;
      }
      busy = true;
      const round = (async () => {
        do {
          again = false;
          while (!stopped && (await deliverBatch(reaction)) > 0) {
            // Deliver until nothing is due.
          }
        } while (again && !stopped);
      })()
        .catch((error: unknown) => {
          // The store itself failed: the poll tries again, and the rows are still there.
          if (!stopped) onError(error, reaction.nome, null);
        })
        .finally(() => {
          busy = false;
          running.delete(round);
        });
      running.add(round);
    };
  }

  async function deliverBatch(reaction: Reaction): Promise<number> {
    const events = await dueEvents(work.reader, reaction.nome, clock.now());
    const done: number[] = [];
    for (const event of events) {
      try {
        await reaction.handle(event);
        done.push(event.seq);
      } catch (error) {
        onError(error, reaction.nome, event);
        await postpone(reaction.nome, event.seq, error);
      }
    }
    if (done.length > 0) {
      await writer
        .deleteFrom('outbox_entregas')
        .where('consumidor', '=', reaction.nome)
        .where('seq', 'in', done)
        .execute();
    }
    return events.length;
  }

  async function postpone(consumidor: string, seq: number, error: unknown): Promise<void> {
    const row = await work.reader
      .selectFrom('outbox_entregas')
      .select('tentativas')
      .where('consumidor', '=', consumidor)
      .where('seq', '=', seq)
      .executeTakeFirstOrThrow();
    const tentativas = row.tentativas + 1;
    const wait = retryMs[Math.min(row.tentativas, retryMs.length - 1)] ?? hourMs;
    await writer
      .updateTable('outbox_entregas')
      .set({
        tentativas,
        status: tentativas >= attemptsMax ? 'morta' : 'pendente',
        proxima_em: clock.now() + wait,
        erro: String(error).slice(0, errorCharactersMax),
      })
      .where('consumidor', '=', consumidor)
      .where('seq', '=', seq)
      .execute();
  }

  function ring(): void {
    for (const drain of drains) drain();
  }

  return {
    /** Must be called before the first change is written, so that its deliveries are kept. */
    register(reaction: Reaction): void {
      work.addConsumer(reaction);
      drains.push(drainOf(reaction));
    },

    start(): void {
      work.onCommit(ring);
      poll = setInterval(ring, pollMs);
      ring();
    },

    /** Lets the deliveries under way finish; the rest stays in the outbox. */
    async stop(): Promise<void> {
      stopped = true;
      if (poll) clearInterval(poll);
      await Promise.all(running);
    },
  };
}

/** The oldest undelivered event of each entity, where it is due. */
async function dueEvents(db: Db, consumidor: string, now: number): Promise<CommittedEvent[]> {
  const rows = await db
    .selectFrom('outbox_entregas as entrega')
    .innerJoin('outbox', 'outbox.seq', 'entrega.seq')
    .selectAll('outbox')
    .where('entrega.consumidor', '=', consumidor)
    .where('entrega.status', '=', 'pendente')
    .where('entrega.proxima_em', '<=', now)
    .where(
      sql<boolean>`NOT EXISTS (SELECT 1 FROM outbox_entregas AS antes WHERE antes.consumidor = entrega.consumidor
        AND antes.entidade_id = entrega.entidade_id AND antes.status = 'pendente' AND antes.seq < entrega.seq)`,
    )
    .orderBy('entrega.seq')
    .limit(batchMax)
    .execute();
  return rows.map((row) => ({
    seq: row.seq,
    id: row.id,
    tipo: row.tipo as EventType,
    em: rfc3339(row.em),
    entidade: row.entidade,
    entidadeId: row.entidade_id,
    dados: JSON.parse(row.dados) as Record<string, unknown>,
    request_id: row.request_id,
  }));
}
