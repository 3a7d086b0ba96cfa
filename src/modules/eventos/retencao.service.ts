/**
 * Forgets old events and the log of their deliveries: what is left are the last days and, whatever their age, the last ten
 * thousand events, over which live clients resume. Events that somebody has yet to have stay. A little at a time, each
 * piece in its own short transaction, so that no request waits for it.
 */

import { systemActor } from '../../core/actor';
import { dayMs } from '../../core/clock';
import type { Db, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { deleteEntregas } from '../webhooks/entregas.store';

export const eventsKeptMin = 10_000;
const keptMs = 7 * dayMs;
/** However young they are, not more than so many are kept. */
const eventsKeptMax = 5_000_000;
const perTransaction = 500;

interface Dependencies {
  work: UnitOfWork;
  /** Everyone who has deliveries inside the server. */
  consumers: readonly string[];
}

export type Retencao = ReturnType<typeof createRetencao>;

export function createRetencao({ work, consumers }: Dependencies) {
  const actor = systemActor('eventos');

  /** The last event that may be forgotten now. */
  async function boundary(now: number): Promise<number> {
    const { seq } = await work.reader
      .selectFrom('outbox')
      .select(({ fn }) => fn.max('seq').as('seq'))
      .executeTakeFirstOrThrow();
    const last = Number(seq ?? 0);
    const young = await work.reader
      .selectFrom('outbox')
      .select('seq')
      .where('em', '>=', now - keptMs)
      .orderBy('seq')
      .limit(1)
      .executeTakeFirst();
    const old = (young?.seq ?? last + 1) - 1;
    return Math.max(Math.min(old, last - eventsKeptMin), last - eventsKeptMax);
  }

  /** Forgets one piece. @returns the last event looked at, or null when there is none left up to the boundary. */
  async function forget(after: number, until: number): Promise<{ last: number; removed: number } | null> {
    const rows = await work.reader
      .selectFrom('outbox')
      .select('seq')
      .where('seq', '>', after)
      .where('seq', '<=', until)
      .orderBy('seq')
      .limit(perTransaction)
      .execute();
    const seqs = rows.map(({ seq }) => seq);
    const [first, last] = [seqs[0], seqs.at(-1)];
    if (first === undefined || last === undefined) return null;
    const removed = await work.writeRelaxed(actor, async (tx) => {
      const wanted = await stillWanted(tx.db, consumers, first, last);
      const gone = seqs.filter((seq) => !wanted.has(seq));
      if (gone.length === 0) return 0;
      await tx.db.deleteFrom('outbox_mortas').where('seq', 'in', gone).execute();
      await tx.db.deleteFrom('outbox').where('seq', 'in', gone).execute();
      return gone.length;
    });
    return { last, removed };
  }

  /** Forgets the settled deliveries up to an event, of webhooks that are no more all of them. */
  async function forgetEntregas(until: number, signal: AbortSignal): Promise<number> {
    let removed = 0;
    const known = new Set((await work.reader.selectFrom('webhooks').select('id').execute()).map(({ id }) => id));
    const found = await work.reader.selectFrom('webhook_entregas').select('webhook_id').distinct().execute();
    for (const { webhook_id } of found) {
      const gone = !known.has(webhook_id);
      const which = { seqMax: gone ? Number.MAX_SAFE_INTEGER : until, waitingToo: gone };
      const piece = () => work.writeRelaxed(actor, (tx) => deleteEntregas(tx.db, webhook_id, which, perTransaction));
      for (let n = await piece(); n > 0 && !signal.aborted; n = await piece()) removed += n;
    }
    return removed;
  }

  return {
    /** @returns how many events and deliveries were forgotten. */
    async limpar(now: number, signal: AbortSignal): Promise<{ eventos: number; entregas: number }> {
      const until = await boundary(now);
      const entregas = until > 0 ? await forgetEntregas(until, signal) : 0;
      let eventos = 0;
      let after = 0;
      while (!signal.aborted) {
        const piece = await forget(after, until);
        if (!piece) break;
        after = piece.last;
        eventos += piece.removed;
        // Between two pieces the others get their turn.
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      return { eventos, entregas };
    },
  };
}

/** Which events of a range somebody has yet to have. What waits for a webhook that is switched off is not among them. */
async function stillWanted(db: Db, consumers: readonly string[], first: number, last: number): Promise<Set<number>> {
  const inside = await db
    .selectFrom('outbox_entregas')
    .select('seq')
    .where('consumidor', 'in', consumers)
    .where('seq', '>=', first)
    .where('seq', '<=', last)
    .execute();
  const outside = await db
    .selectFrom('webhook_entregas')
    .innerJoin('webhooks', 'webhooks.id', 'webhook_entregas.webhook_id')
    .select('webhook_entregas.seq')
    .where('webhooks.ativo', '=', 1)
    .where('webhook_entregas.status', '=', 'pendente')
    .where('webhook_entregas.seq', '>=', first)
    .where('webhook_entregas.seq', '<=', last)
    .execute();
  return new Set([...inside, ...outside].map(({ seq }) => seq));
}
