/** Opens the LMDB environment that holds heartbeats, last-seen times and the broker's sessions. */

import { mkdirSync } from 'node:fs';
import { open, type RootDatabase } from 'lmdb';

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
