/** Opens the LMDB environment that holds heartbeats, last-seen times and the broker's sessions. */

import { mkdirSync } from 'node:fs';
import { type Database, open, type RootDatabase } from 'lmdb';

const namedDatabasesMax = 32;

/**
 * Opens the environment in a folder, creating it as needed.
 *
 * `overlappingSync` is off, so that the promise of a write resolves only when its transaction is on the disk: a PUBACK
 * waits on that promise.
 */
export function openLmdb(folder: string): RootDatabase {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return open({ path: folder, maxDbs: namedDatabasesMax, overlappingSync: false, noMemInit: false });
}

/**
 * Opens the environment in a folder for reading only, beside whoever writes to it.
 * @throws Error of LMDB when there is none.
 */
export function openLmdbToRead(folder: string): RootDatabase {
  return open({ path: folder, readOnly: true, maxDbs: namedDatabasesMax });
}

/** Opens an environment that nobody else sees yet: what is written is on the disk only once its file has been flushed. */
export function openLmdbUnsynced(folder: string): RootDatabase {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return open({ path: folder, maxDbs: namedDatabasesMax, noSync: true, noMemInit: false });
}

/** A named database of keys and values as they are stored. */
export function openBytes(root: RootDatabase, name: string): Database<Buffer, Buffer> {
  return root.openDB<Buffer, Buffer>({ name, keyEncoding: 'binary', encoding: 'binary' });
}
