/**
 * Looks at the store of heartbeats before the server trusts it. One that was closed in order, and that nobody has touched
 * since, is trusted as it is. Any other is copied entry by entry in another process, and the copy taken into service: what
 * the copy leaves behind is the list of free pages, where damage shows only in a later write, and then ends the server. A
 * store that cannot be copied is set aside whole and a new one begun: licences, blocks and commands are in SQLite, so
 * customers go on working and blocks go on arriving, while the history of heartbeats is in the newest backup.
 */

import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { RootDatabase } from 'lmdb';
import { OperationalError } from '../../core/operational-error';
import { type DataFolder, syncFolder } from '../data-folder';
import { checkStore, type StoreCheck } from './check';

/** How the file was when a server closed it; gone while one runs on it. */
const closedName = 'fechado.json';
/** Says that the store is a copy, and was not closed in order since. */
const copiedName = 'copiado';
/** Beside a copy there must be room for work to go on. */
const roomFactor = 1.2;

export interface SetAside {
  /** What reading the store ended in. */
  detalhe: string;
  /** Where the damaged store is now. */
  pasta: string;
}

/**
 * Makes sure that the store can be opened.
 * @param onUnknown is told when nothing could be found out for a reason that says nothing of the store; it is trusted then.
 * @returns what was wrong, once the way is free for a new store; null when the store is well.
 */
export async function prepareStore(
  { path, lmdb }: DataFolder,
  now: number,
  onUnknown: (error: unknown) => void,
): Promise<SetAside | null> {
  // No dots: LMDB's binding takes a name with an extension for a file.
  const copy = `${lmdb}-copia`;
  const old = `${lmdb}-antigo`;
  // Stopped between the two names of an earlier start.
  if (!existsSync(lmdb) && existsSync(old)) renameSync(old, lmdb);
  for (const left of [copy, old]) rmSync(left, { recursive: true, force: true });
  const trusted = asClosed(lmdb);
  rmSync(join(lmdb, closedName), { force: true });
  if (trusted || !existsSync(join(lmdb, 'data.mdb'))) return null;
  try {
    const roomy = hasRoom(path, lmdb);
    if (!roomy) onUnknown(new OperationalError('no room to copy it: it is read only'));
    const { ok, detalhe } = roomy ? await copied(lmdb, copy) : await checkStore(lmdb, null);
    if (!ok) return setAside(path, lmdb, detalhe, now);
    if (roomy) swap({ path, lmdb, copy, old });
  } catch (error) {
    onUnknown(error);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
  return null;
}

/** Entry by entry when the quick way does not do: damage in the list of free pages costs nothing then. */
async function copied(lmdb: string, copy: string): Promise<StoreCheck> {
  // A whole page is copied with what only a write trusts in it: if that ended the last run, this one must not end so.
  const again = existsSync(join(lmdb, copiedName));
  const quick = again ? null : await checkStore(lmdb, { to: copy, way: 'pages' });
  if (quick?.ok) return quick;
  rmSync(copy, { recursive: true, force: true });
  return checkStore(lmdb, { to: copy, way: 'entries' });
}

function setAside(path: string, lmdb: string, detalhe: string, now: number): SetAside {
  const pasta = `${lmdb}-danificado-${new Date(now).toISOString().replace(/[:.]/g, '-')}`;
  renameSync(lmdb, pasta);
  syncFolder(path);
  return { detalhe, pasta };
}

/** The copy is on the disk before it takes the old one's name, and the old one goes last. */
function swap({ path, lmdb, copy, old }: { path: string; lmdb: string; copy: string; old: string }): void {
  const file = openSync(join(copy, 'data.mdb'), 'r+');
  fsyncSync(file);
  closeSync(file);
  writeFileSync(join(copy, copiedName), '');
  syncFolder(copy);
  renameSync(lmdb, old);
  renameSync(copy, lmdb);
  syncFolder(path);
  rmSync(old, { recursive: true, force: true });
}

function hasRoom(path: string, lmdb: string): boolean {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize > statSync(join(lmdb, 'data.mdb')).size * roomFactor;
}

/**
 * Closes the store, and notes how its file is then: the next start trusts it. Not so when it no longer takes writes, as with a
 * full disk or a damaged list of free pages.
 */
export async function closeStore(root: RootDatabase, { lmdb }: DataFolder): Promise<void> {
  const probe = root.openDB<string, string>({ name: 'conferencia' });
  const writes = await probe.put('fechado', 'sim').catch(() => false);
  await root.close();
  if (!writes) return;
  rmSync(join(lmdb, copiedName), { force: true });
  writeFileSync(join(lmdb, closedName), JSON.stringify(stateOf(lmdb)));
}

function asClosed(lmdb: string): boolean {
  const note = join(lmdb, closedName);
  return existsSync(note) && readFileSync(note, 'utf8') === JSON.stringify(stateOf(lmdb));
}

function stateOf(lmdb: string): { bytes: number; alterado_em: number } | null {
  const stats = statSync(join(lmdb, 'data.mdb'), { throwIfNoEntry: false });
  return stats ? { bytes: stats.size, alterado_em: stats.mtimeMs } : null;
}
