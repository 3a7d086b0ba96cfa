/** The data folder: where everything is, and who holds it. */

import { Database } from 'bun:sqlite';
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { OperationalError } from '../core/operational-error';

export interface DataFolder {
  path: string;
  database: string;
  lmdb: string;
  keys: string;
  /** The files of versions, named by content. */
  versoes: string;
  logs: string;
}

/** The places in a data folder. */
export function dataFolder(path: string): DataFolder {
  const absolute = resolve(path);
  return {
    path: absolute,
    database: join(absolute, 'narcidi.db'),
    lmdb: join(absolute, 'lmdb'),
    keys: join(absolute, 'keys'),
    versoes: join(absolute, 'versoes'),
    logs: join(absolute, 'logs'),
  };
}

/** Makes the folder where it is missing, for its owner's eyes only. @throws OperationalError when it cannot be written. */
export function prepareDataFolder(path: string): DataFolder {
  const folder = dataFolder(path);
  try {
    mkdirSync(folder.path, { recursive: true, mode: 0o700 });
    accessSync(folder.path, constants.W_OK | constants.X_OK);
    chmodSync(folder.path, 0o700);
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new OperationalError(`the data folder ${folder.path} cannot be written (${reason})`);
  }
  return folder;
}

const othersMask = 0o077;

/**
 * Closes to other users of this machine what holds secrets: the folder, its settings, its database and its keys.
 * @returns what had been open to them, for the operator to judge who may have looked.
 */
export function closeToOthers(path: string): string[] {
  // Windows has no such bits: every file seems open to everybody there.
  if (process.platform === 'win32') return [];
  const folder = dataFolder(path);
  const keys = existsSync(folder.keys) ? readdirSync(folder.keys).map((name) => join(folder.keys, name)) : [];
  const open = [folder.path, join(folder.path, 'config.json'), folder.database, folder.keys, ...keys].filter(
    (name) => existsSync(name) && (statSync(name).mode & othersMask) !== 0,
  );
  // In a folder that is closed nobody could have come near them.
  const reachable = open.includes(folder.path);
  for (const name of open) {
    try {
      chmodSync(name, statSync(name).mode & ~othersMask);
    } catch {
      // Another user's file, or a file system without permissions: telling the operator is what is left.
    }
  }
  return reachable ? open : [];
}

/**
 * Takes the folder for one server.
 * @returns a function that gives the folder back.
 * @throws OperationalError when another server holds it.
 */
export function lockDataFolder({ path }: DataFolder): () => void {
  return lockFile(join(path, 'server.lock'), `another server is running on the data folder ${path}`);
}

/**
 * Takes a lock. It is the operating system's, held on an empty SQLite file, so it ends with the process however that ends.
 * @param taken what is said when somebody else holds it.
 * @returns a function that gives it back.
 * @throws OperationalError
 */
export function lockFile(file: string, taken: string): () => void {
  const lock = new Database(file, { create: true, readwrite: true });
  try {
    lock.run('PRAGMA locking_mode = EXCLUSIVE');
    lock.run('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code.startsWith('SQLITE_BUSY')) throw new OperationalError(taken);
    throw new OperationalError(`${file} cannot be locked: ${error instanceof Error ? error.message : String(error)}`);
  }
  return () => lock.close();
}

/** Flushes a folder, so that the names in it are on the disk. */
export function syncFolder(path: string): void {
  // Windows keeps its folders by itself, and cannot open them as files.
  if (process.platform === 'win32') return;
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
