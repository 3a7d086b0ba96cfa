/**
 * The broker's named databases in an LMDB environment, and what it means here that something is stored.
 *
 * What of lmdb-js is relied upon:
 * - All `put` and `remove` of one event turn, of whichever named database, are one LMDB transaction, and transactions commit in
 *   the order in which they were asked for (`eventTurnBatching`, on by default). A batch is therefore filled in one go, without
 *   an `await`, and is on the disk wholly or not at all.
 * - With `overlappingSync: false` their promise settles when that transaction has been committed and fsynced. With
 *   `overlappingSync: true`, the default of lmdb-js outside Windows, it would settle before the fsync; such an environment is
 *   refused.
 * - A get or a range sees what was committed when it began, never what is still on its way. Who needs to see that keeps it in
 *   memory until the commit.
 * - `transaction(callback)` is not used: under Bun its callback never runs, and every later write then waits for it forever
 *   (lmdb-js issue 259). So that reading and deciding is done in memory, and what goes to LMDB is plain puts and removes.
 */

import type { Database, RootDatabase } from 'lmdb';
import { openBytes } from './open';

const pageRows = 128;

/** One named database, read by key or in order of keys. */
export interface Table {
  /** What is stored under a key. */
  get(key: Buffer): Buffer | undefined;
  /**
   * Everything stored under keys that begin so, in order. It is read in pages, each from a snapshot of its own: a slow reader
   * holds no snapshot open, which would keep LMDB from using its free pages again.
   */
  rows(prefix?: Buffer): Generator<Row>;
  /** How many keys there are, without reading them. */
  count(): number;
  /** The database behind it; only a batch writes to it. */
  readonly database: Database<Buffer, Buffer>;
}

interface Row {
  key: Buffer;
  value: Buffer;
}

/** Writes that are stored together or not at all. */
export interface Batch {
  put(table: Table, key: Buffer, value: Buffer): void;
  remove(table: Table, key: Buffer): void;
  /** Has a function called when the batch is on the disk (true) or could not be stored (false). */
  settled(listener: (stored: boolean) => void): void;
  /** Settles when the batch is on the disk. Called in the event turn that filled the batch. */
  committed(): Promise<void>;
}

/** The broker's named databases. */
export interface Tables {
  table(name: string): Table;
  batch(): Batch;
  /** Waits for what is being written; afterwards every call throws, since the environment may be closed. */
  close(): Promise<void>;
}

/**
 * The tables in an environment that the caller has opened, and closes.
 * @throws Error when the environment does not wait for the disk.
 */
export function openTables(root: RootDatabase): Tables {
  if ('overlappingSync' in root && root.overlappingSync === true) {
    throw new Error('the LMDB environment must be opened with overlappingSync: false');
  }
  const unsettled = new Set<Promise<unknown>>();
  let closed = false;

  let hearing = false;

  /**
   * lmdb-js makes a promise of its own for every transaction and drops it: when the disk is full its rejection would end the
   * process, whoever heard of the failure otherwise. It is the current one once the turn's transaction has been handed over.
   */
  function hearCommit(): void {
    if (hearing) return;
    hearing = true;
    setImmediate(() => {
      hearing = false;
      root.committed.then(nothing, nothing);
    });
  }

  function alive(): void {
    if (closed) throw new Error('the broker persistence is closed');
  }

  return {
    table(name) {
      const database = openBytes(root, `mqtt-${name}`);
      return {
        database,
        get(key) {
          alive();
          return database.get(key);
        },
        count() {
          alive();
          const stats: unknown = database.getStats();
          return typeof stats === 'object' && stats !== null && 'entryCount' in stats ? Number(stats.entryCount) : 0;
        },
        *rows(prefix = Buffer.alloc(0)) {
          const end = endOf(prefix);
          let start = prefix;
          for (;;) {
            alive();
            const from = start.length > 0 && { start };
            const page = [...database.getRange({ ...from, ...(end && { end }), limit: pageRows })];
            yield* page;
            const last = page.at(-1);
            if (!last || page.length < pageRows) return;
            start = Buffer.concat([last.key, Buffer.of(0)]);
          }
        },
      };
    },

    batch() {
      // lmdb-js may hand out more than one promise in an event turn, and each of them must be heard.
      const writes = new Set<Promise<unknown>>();
      const listeners: ((stored: boolean) => void)[] = [];
      return {
        put(table, key, value) {
          alive();
          writes.add(table.database.put(key, value));
        },
        remove(table, key) {
          alive();
          writes.add(table.database.remove(key));
        },
        settled(listener) {
          listeners.push(listener);
        },
        async committed() {
          if (writes.size > 0) hearCommit();
          const all = Promise.all(writes);
          unsettled.add(all);
          try {
            await all;
          } catch (error) {
            hearCommitError(error);
            for (const listener of listeners) listener(false);
            throw new Error('the MQTT session could not be stored', { cause: error });
          } finally {
            unsettled.delete(all);
          }
          for (const listener of listeners) listener(true);
        },
      };
    },

    async close() {
      closed = true;
      await Promise.allSettled(unsettled);
    },
  };
}

/** The first key after all that begin with a prefix, if there is one. */
function endOf(prefix: Buffer): Buffer | undefined {
  for (let length = prefix.length; length > 0; length -= 1) {
    const last = prefix[length - 1];
    if (last !== undefined && last < 0xff) return Buffer.concat([prefix.subarray(0, length - 1), Buffer.of(last + 1)]);
  }
  return undefined;
}

/** Nor may the promise that lmdb-js adds to the error of a failed commit be rejected unheard. */
function hearCommitError(error: unknown): void {
  if (error instanceof Error && 'commitError' in error) Promise.resolve(error.commitError).catch(nothing);
}

function nothing(): void {}
