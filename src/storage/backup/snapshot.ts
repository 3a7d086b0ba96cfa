/**
 * A consistent copy of everything in a data folder, while a server may be working on it.
 *
 * The order is what keeps the parts in agreement: LMDB first, SQLite after it, the files last. LMDB and the files speak of
 * records in SQLite by their ids, never the other way round with a meaning of its own. So the copy of SQLite, being the
 * later, knows every record that the copy of LMDB speaks of (or has removed it, and then nobody asks for the rest), and
 * the files, being later still, hold what SQLite names: a file is on the disk before its record is committed.
 */

import { Database } from 'bun:sqlite';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { OperationalError } from '../../core/operational-error';
import type { DataFolder } from '../data-folder';
import { contentPath, listContents } from '../files/content-store';
import { copyStore } from '../lmdb/check';
import { openBytes, openLmdbToRead } from '../lmdb/open';
import { schemaOf } from '../sqlite/open';
import type { Source } from './archive-write';
import { databaseMember, lmdbMember, type Manifest } from './manifest';

export interface Snapshot {
  sources: Source[];
  esquema: string[];
  contagens: Manifest['contagens'];
}

const busyTimeoutMs = 30_000;

/** @param staging an empty folder for the copies. @throws OperationalError when there is nothing to copy, or it is damaged. */
export async function takeSnapshot(folder: DataFolder, staging: string): Promise<Snapshot> {
  if (!existsSync(folder.database)) throw new OperationalError(`there is no database in ${folder.path}`);
  const lmdb = await copyLmdb(folder.lmdb, join(staging, 'lmdb'));
  const database = join(staging, databaseMember);
  copySqlite(folder.database, database);
  const sources = [
    sourceOf(databaseMember, database),
    ...(lmdb ? [sourceOf(lmdbMember, join(staging, lmdbMember))] : []),
    ...keySources(folder),
    ...(await versionSources(folder)),
    ...[sourceOf('config.json', join(folder.path, 'config.json'))],
  ].filter((source) => source !== null);
  return { sources, esquema: schemaOf(database), contagens: { sqlite: countRows(database), lmdb: lmdb ?? {} } };
}

/** @returns the entries by database, or null without a store. */
async function copyLmdb(from: string, to: string): Promise<Record<string, number> | null> {
  if (!existsSync(join(from, 'data.mdb'))) return null;
  await copyStore(from, to);
  return countEntries(to);
}

/** The entries of each named database in a folder. */
export async function countEntries(folder: string): Promise<Record<string, number>> {
  const env = openLmdbToRead(folder);
  try {
    const counts: Record<string, number> = {};
    for (const name of [...env.getKeys()].map(String).sort()) {
      const db = openBytes(env, name);
      const stats: object = db.getStats();
      counts[name] = 'entryCount' in stats ? Number(stats.entryCount) : 0;
    }
    return counts;
  } finally {
    await env.close();
  }
}

function copySqlite(from: string, to: string): void {
  const db = new Database(from, { readonly: true });
  try {
    db.run(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    db.run('VACUUM INTO ?', [to]);
  } finally {
    db.close();
  }
}

/** Rows by table of a database file. @throws OperationalError when the file is damaged. */
export function countRows(
  file: string,
  check: 'quick_check' | 'integrity_check' = 'quick_check',
): Record<string, number> {
  const db = new Database(file, { readonly: true });
  try {
    const problem = db.query<Record<string, string>, []>(`PRAGMA ${check}(1)`).get()?.[check];
    if (problem !== 'ok') throw new OperationalError(`the database is damaged: ${problem}`);
    const tables = db
      .query<{ name: string }, []>(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
      )
      .all();
    return Object.fromEntries(
      tables.map(({ name }) => [
        name,
        db.query<{ n: number }, []>(`SELECT count(*) AS n FROM "${name.replaceAll('"', '""')}"`).get()?.n ?? 0,
      ]),
    );
  } finally {
    db.close();
  }
}

function keySources({ keys }: DataFolder): (Source | null)[] {
  if (!existsSync(keys)) return [];
  const names = readdirSync(keys).filter((name) => !name.endsWith('.part'));
  return names.sort().map((name) => sourceOf(`keys/${name}`, join(keys, name)));
}

async function versionSources({ versoes }: DataFolder): Promise<(Source | null)[]> {
  const hashes: string[] = [];
  for await (const sha256 of listContents(versoes)) hashes.push(sha256);
  return hashes.sort().map((sha256) => {
    const path = contentPath(versoes, sha256);
    return sourceOf(`versoes/${sha256.slice(0, 2)}/${sha256}`, path);
  });
}

/** Null for a file that is not there: a version that was removed while the list was read. */
function sourceOf(nome: string, path: string): Source | null {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats?.isFile() ? { nome, path, bytes: stats.size, modificado_em: Math.round(stats.mtimeMs) } : null;
}
