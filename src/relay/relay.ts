/**
 * Takes committed events to those who react to them: at least once, in order for each entity, several entities at a time.
 * Deliveries are rows written with the event, so none is lost in a crash. Each consumer has a loop of its own, so that a
 * slow one delays neither another nor the request; a failure holds back later events of the same entity only.
 */

import { systemActor } from '../core/actor';
import { type Clock, hourMs, secondMs } from '../core/clock';
import type { CommittedEvent, EventType } from '../core/events';
import type { Ids } from '../core/ids';
import {
  buryDelivery,
  consumerLags,
  type DueEvent,
  dueEvents,
  postponeDelivery,
  settleDeliveries,
} from '../storage/sqlite/outbox';
import type { Tx, UnitOfWork } from '../storage/sqlite/unit-of-work';

const batchMax = 200;
const entitiesAtOnceMax = 16;
const attemptsMax = 20;
const retryMs = [secondMs, 5 * secondMs, 30 * secondMs, 120 * secondMs, 600 * secondMs, hourMs];
const errorCharactersMax = 500;
const pollMs = secondMs;
/** Between two rounds of one consumer: under load its deliveries are settled many to a transaction. */
const roundGapMs = 50;

interface Consumer {
  nome: string;
  wants(tipo: EventType): boolean;
  /** So many entities at a time, where sixteen are too few: they share what they wait for. */
  entitiesAtOnce?: number;
  /** Between two of its rounds, where fifty milliseconds are too long to wait. */
  gapMs?: number;
}

/** Reacts outside the database, event by event. */
export interface Reaction extends Consumer {
  /** Must be idempotent: an event is delivered at least once. */
  handle(event: CommittedEvent): Promise<void>;
}

/** Reacts in the database: what it writes and the settling of its deliveries are one transaction, so exactly once. */
export interface Projection extends Consumer {
  /** Whether others act on what it writes, so that it has to be on the disk first; otherwise a lost end is done again. */
  durable: boolean;
  apply(tx: Tx, events: readonly CommittedEvent[]): Promise<void>;
}

interface Dependencies {
  work: UnitOfWork;
  clock: Clock;
  ids: Ids;
  /** @param event null when the outbox itself could not be read or written. */
  onError(error: unknown, reaction: string, event: CommittedEvent | null): void;
}

export function createRelay({ work, clock, ids, onError }: Dependencies) {
  const consumers: { consumer: Consumer; drain: () => void }[] = [];
  const running = new Set<Promise<void>>();
  let stopped = false;
  let poll: ReturnType<typeof setInterval> | null = null;

  /** Delivers all that is due for one consumer; rung while it runs, it goes round once more. */
  function drainOf(consumer: Reaction | Projection): () => void {
    let busy = false;
    let again = false;
    const rounds = async (): Promise<void> => {
      do {
        again = false;
        while (!stopped && (await deliverBatch(consumer)) === batchMax) {
          // Deliver until no whole batch is due.
        }
        if (!stopped) await new Promise((resolve) => setTimeout(resolve, consumer.gapMs ?? roundGapMs));
      } while (again && !stopped);
    };
    return () => {
      again = true;
      if (busy || stopped) return;
      busy = true;
      const round = rounds()
        .catch((error: unknown) => {
          // The store itself failed: the poll tries again, and the rows are still there.
          if (!stopped) onError(error, consumer.nome, null);
        })
        .finally(() => {
          busy = false;
          running.delete(round);
        });
      running.add(round);
    };
  }

  async function deliverBatch(consumer: Reaction | Projection): Promise<number> {
    const due = await dueEvents(work.reader, consumer.nome, clock.now(), batchMax);
    if (due.length === 0) return 0;
    if ('apply' in consumer) await applyAll(consumer, due);
    else await handleAll(consumer, due);
    return due.length;
  }

  async function applyAll(projection: Projection, due: readonly DueEvent[]): Promise<void> {
    const write = projection.durable ? work.write : work.writeRelaxed;
    const apply = (batch: readonly DueEvent[]) =>
      write(systemActor(projection.nome), async (tx) => {
        const events = batch.map(({ event }) => event);
        await projection.apply(tx, events);
        const seqs = events.map(({ seq }) => seq);
        await settleDeliveries(tx.db, projection.nome, seqs);
      });
    try {
      await apply(due);
    } catch (error) {
      const [only, second] = due;
      if (only && !second) return failed(projection, only, error);
      // One of them is at fault: alone, each shows whether it is.
      await inOrder(due, async (one) => {
        try {
          await apply([one]);
          return true;
        } catch (alone) {
          await failed(projection, one, alone);
          return false;
        }
      });
    }
  }

  async function handleAll(reaction: Reaction, due: readonly DueEvent[]): Promise<void> {
    const done: number[] = [];
    const handle = async (one: DueEvent): Promise<boolean> => {
      if (stopped) return false;
      try {
        await reaction.handle(one.event);
        done.push(one.event.seq);
        return true;
      } catch (error) {
        await failed(reaction, one, error);
        return false;
      }
    };
    await inOrder(due, handle, reaction.entitiesAtOnce);
    // Lost in a power failure, they are delivered again.
    await work.writeRelaxed(systemActor(reaction.nome), (tx) => settleDeliveries(tx.db, reaction.nome, done));
  }

  async function failed(consumer: Consumer, { event, tentativas: before }: DueEvent, error: unknown): Promise<void> {
    onError(error, consumer.nome, event);
    const { seq, entidadeId } = event;
    const now = clock.now();
    const tentativas = before + 1;
    const erro = String(error).slice(0, errorCharactersMax);
    if (tentativas < attemptsMax) {
      const wait = retryMs[Math.min(before, retryMs.length - 1)] ?? hourMs;
      const set = { tentativas, proxima_em: now + wait, erro };
      return work.keep((db) => postponeDelivery(db, consumer.nome, seq, set));
    }
    await work.keep((db) =>
      buryDelivery(db, {
        id: ids.next(now),
        consumidor: consumer.nome,
        seq,
        entidade_id: entidadeId,
        tentativas,
        erro,
        morta_em: now,
      }),
    );
  }

  function ringAll(): void {
    for (const { drain } of consumers) drain();
  }

  return {
    /** Must be called before the first change is written, so that its deliveries are kept. */
    register(consumer: Reaction | Projection): void {
      work.addConsumer(consumer);
      consumers.push({ consumer, drain: drainOf(consumer) });
    },

    start(): void {
      work.onCommit(({ events }) => {
        for (const { consumer, drain } of consumers) {
          if (events.some(({ tipo }) => consumer.wants(tipo))) drain();
        }
      });
      poll = setInterval(ringAll, pollMs);
      ringAll();
    },

    /** Has what is due looked at now: a dead letter was put back. */
    ring: ringAll,

    /** The names of everyone who has deliveries. */
    consumers: () => consumers.map(({ consumer }) => consumer.nome),

    /** How far behind each consumer is. */
    stats: () =>
      consumerLags(
        work.reader,
        consumers.map(({ consumer }) => consumer.nome),
        clock.now(),
      ),

    /** Lets the deliveries under way finish; the rest stays in the outbox. */
    async stop(): Promise<void> {
      stopped = true;
      if (poll) clearInterval(poll);
      await Promise.all(running);
    },
  };
}

/**
 * Works on several entities at a time, on each in the order of its events.
 * @param work answers false when the later events of this entity have to wait.
 */
async function inOrder(
  due: readonly DueEvent[],
  work: (one: DueEvent) => Promise<boolean>,
  atOnce = entitiesAtOnceMax,
): Promise<void> {
  const entities = [...Map.groupBy(due, ({ event }) => event.entidadeId).values()];
  const lane = async (): Promise<void> => {
    for (let entity = entities.shift(); entity; entity = entities.shift()) {
      for (const one of entity) if (!(await work(one))) break;
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, entities.length) }, lane));
}
