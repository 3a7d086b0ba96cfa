/**
 * Whether the store of heartbeats reads to its end. LMDB maps its file into memory and trusts every page of it: damage shows
 * as a signal that ends the process (SIGSEGV, SIGBUS), which no `catch` sees. So a process of its own does the reading, and
 * what that ends by is the answer.
 */

import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from 'lmdb';
import { OperationalError } from '../../core/operational-error';
import { trySelf } from '../../native/self-command';
import { openBytes, openLmdbToRead, openLmdbUnsynced } from './open';

/** So many writes are one transaction: larger ones slow every later one. */
const entriesPerTransaction = 500;
/** No entry takes less: more of them than fit into the file come from pages that lead back to each other. */
const entryBytesMin = 8;
const checkMsMax = 300_000;
/** The signals of a process that read what was not there. SIGKILL is the operator's or the memory's doing, or our time limit. */
const crashes: readonly string[] = ['SIGSEGV', 'SIGBUS', 'SIGABRT', 'SIGILL', 'SIGTRAP', 'SIGFPE'];

export interface StoreCheck {
  ok: boolean;
  detalhe: string;
}

/** How a store is copied: as LMDB does it, quick and only when everything in it agrees; or what reads, entry by entry. */
export const copyWays = ['pages', 'entries'] as const;
export type CopyWay = (typeof copyWays)[number];

/** A folder that does not exist yet, and how to fill it. */
export interface Copy {
  to: string;
  way: CopyWay;
}

/**
 * Reads every entry, in this process: a damaged file may end it.
 * @param folder of the store.
 * @param copy the entries are copied there first, without the free pages and their list, which is the one part that reading
 * does not reach, and read there.
 */
export async function readStore(folder: string, copy: Copy | null): Promise<StoreCheck> {
  try {
    if (copy?.way === 'pages') await copyStore(folder, copy.to);
    if (copy?.way === 'entries') await copyEntries(folder, copy.to);
    return { ok: true, detalhe: `every one of ${await countReadable(copy?.to ?? folder)} entries reads` };
  } catch (error) {
    return { ok: false, detalhe: error instanceof Error ? error.message : String(error) };
  }
}

/** LMDB copies by itself, page by page, from one moment's tree. */
export async function copyStore(from: string, to: string): Promise<void> {
  mkdirSync(to, { mode: 0o700 });
  const root = openLmdbToRead(from);
  try {
    await root.backup(to, true);
  } finally {
    await root.close();
  }
}

async function copyEntries(from: string, to: string): Promise<void> {
  const target = openLmdbUnsynced(to);
  const tables = new Map<string, Database<Buffer, Buffer>>();
  let entries = 0;
  for (const { name, key, value } of entriesOf(from)) {
    const table = tables.get(name) ?? openBytes(target, name);
    tables.set(name, table);
    const written = table.put(key, value);
    entries += 1;
    if (entries % entriesPerTransaction === 0) await written;
  }
  await target.close();
}

async function countReadable(folder: string): Promise<number> {
  let entries = 0;
  for (const { value } of entriesOf(folder)) entries += value.length >= 0 ? 1 : 0;
  return entries;
}

interface StoredEntry {
  name: string;
  key: Buffer;
  value: Buffer;
}

/** Everything in a store, one database after the other. The store stays open: the process that reads it so ends soon. */
function* entriesOf(folder: string): Generator<StoredEntry> {
  const entriesMax = statSync(join(folder, 'data.mdb')).size / entryBytesMin;
  const root = openLmdbToRead(folder);
  let entries = 0;
  // The names first: a database that is opened under a cursor on them ends the process.
  for (const name of [...root.getKeys()].map(String)) {
    const db = openBytes(root, name);
    for (const { key, value } of db.getRange()) {
      entries += 1;
      if (entries > entriesMax) throw new Error('its pages lead back to each other');
      yield { name, key, value };
    }
  }
}

/**
 * Has another process read a store; a server may be running on it meanwhile.
 * @param copy as for `readStore`.
 * @throws OperationalError when it could not be tried: that says nothing of the store.
 */
export async function checkStore(folder: string, copy: Copy | null): Promise<StoreCheck> {
  if (!existsSync(join(folder, 'data.mdb'))) return { ok: true, detalhe: 'none yet; the first start makes the store' };
  const tooLong = AbortSignal.timeout(checkMsMax);
  const { stdout, reason, signal } = await trySelf(
    ['check-store', folder, ...(copy ? [copy.to, copy.way] : [])],
    {},
    tooLong,
  );
  if (signal && crashes.includes(signal)) return { ok: false, detalhe: `reading it ends in ${signal}` };
  if (tooLong.aborted) return { ok: false, detalhe: `reading it took more than ${checkMsMax / 1_000} seconds` };
  const answer: unknown = reason === null ? JSON.parse(stdout) : null;
  if (isStoreCheck(answer)) return answer;
  throw new OperationalError(`the store of heartbeats could not be checked: ${reason}`);
}

function isStoreCheck(value: unknown): value is StoreCheck {
  return typeof value === 'object' && value !== null && 'ok' in value && 'detalhe' in value;
}
