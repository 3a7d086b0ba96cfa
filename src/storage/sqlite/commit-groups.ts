/**
 * Writes that come in together share one transaction, and so one wait for the disk. Each lies behind a savepoint of its own
 * (SQLite, "SAVEPOINT"), so that one that fails takes nothing of the others back; nobody hears of an end before the commit.
 */

import { CompiledQuery, type Kysely, sql, type Transaction } from 'kysely';
import type { Schema } from './schema';

/** So that those first in a group do not wait long for those behind them, and reads come in between two groups. */
const groupMax = 32;

const savepoint = CompiledQuery.raw('savepoint membro');
const release = CompiledQuery.raw('release membro');
const rollbackTo = CompiledQuery.raw('rollback to membro');

interface Kind {
  /** Whether the disk is waited for: without it a killed process loses nothing, a power failure perhaps the last moments. */
  durable: boolean;
  /** Whether it shares its transaction with nobody: nobody waits for the end of what takes long. */
  alone: boolean;
}

interface Member extends Kind {
  /** By the monotonic clock. */
  queuedAt: number;
  /** @returns what is to be done once it is committed. */
  run(db: Transaction<Schema>): Promise<() => void>;
  reject(error: unknown): void;
}

export function createCommitGroups(writer: Kysely<Schema>) {
  const queue: Member[] = [];
  let pumping = false;
  let waitedMs = 0;

  async function pump(): Promise<void> {
    while (queue.length > 0) {
      // What this turn of the event loop brings is queued before the group is closed, and reads are answered in between.
      await new Promise((resolve) => setImmediate(resolve));
      await commit(take());
    }
    pumping = false;
  }

  /** The next group, in the order of arrival. */
  function take(): Member[] {
    const first = queue.findIndex(({ alone }) => alone);
    return queue.splice(0, first === 0 ? 1 : Math.min(groupMax, first < 0 ? queue.length : first));
  }

  async function commit(members: readonly Member[]): Promise<void> {
    const outcomes: (() => void)[] = [];
    const durable = members.filter((member) => member.durable);
    try {
      await transact(writer, durable.length > 0, async (db) => {
        const [only, second] = members;
        if (only && !second) outcomes.push(await only.run(db));
        else for (const member of members) outcomes.push(await apart(db, member));
      });
    } catch (error) {
      for (const member of members) member.reject(error);
      return;
    } finally {
      const now = performance.now();
      for (const { queuedAt } of durable) waitedMs += now - queuedAt;
    }
    for (const settle of outcomes) settle();
  }

  return {
    /**
     * Runs `run` in a write transaction, which others may share; what it throws takes back what it wrote, and only that.
     * @param committed is called after the commit, in the order of the transactions, before the promise is kept.
     * @returns what `run` returned, once it is committed.
     */
    submit<T>(kind: Kind, run: (db: Transaction<Schema>) => Promise<T>, committed: () => void): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        queue.push({
          ...kind,
          queuedAt: performance.now(),
          run: async (db) => {
            const result = await run(db);
            return () => {
              try {
                committed();
                resolve(result);
              } catch (error) {
                // A fault of a listener is for this one to tell of; those behind it are committed too.
                reject(error);
              }
            };
          },
          reject,
        });
        if (pumping) return;
        pumping = true;
        void pump();
      });
    },

    /** Milliseconds that durable writes have waited for their commits, all taken together. */
    waitedMs: () => waitedMs,
  };
}

/** Runs one of several: the failure of one is its own, unless SQLite gave the whole transaction up, as on a full disk. */
async function apart(db: Transaction<Schema>, member: Member): Promise<() => void> {
  await db.executeQuery(savepoint);
  try {
    const settle = await member.run(db);
    await db.executeQuery(release);
    return settle;
  } catch (error) {
    try {
      await db.executeQuery(rollbackTo);
      await db.executeQuery(release);
    } catch {
      // No savepoint is left: the transaction is gone, and this is why.
      throw error;
    }
    // Said after the commit: it may have failed by what another of the group wrote.
    return () => member.reject(error);
  }
}

async function transact(
  writer: Kysely<Schema>,
  durable: boolean,
  run: (db: Transaction<Schema>) => Promise<void>,
): Promise<void> {
  if (durable) return writer.transaction().execute(run);
  // The commit is in the log, but perhaps not yet on the disk: the next full commit takes it there.
  return writer.connection().execute(async (connection) => {
    await sql`PRAGMA synchronous = NORMAL`.execute(connection);
    try {
      await connection.transaction().execute(run);
    } finally {
      await sql`PRAGMA synchronous = FULL`.execute(connection);
    }
  });
}
