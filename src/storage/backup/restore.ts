/** Brings a backup back: into a folder beside, checked there, and put in place of the old one only when all is well. */

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, utimesSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { OperationalError } from '../../core/operational-error';
import { type DataFolder, dataFolder, lockDataFolder, syncFolder } from '../data-folder';
import { hashFile } from '../files/content-store';
import { openSqlite, unknownMigrations } from '../sqlite/open';
import { readArchive } from './archive-read';
import { writeAll } from './archive-write';
import type { Manifest } from './manifest';
import { countEntries, countRows } from './snapshot';

export interface Restored {
  manifest: Manifest;
  /** Where the folder that was there is now; null when there was none. */
  anterior: string | null;
}

interface RestoreRequest {
  file: string;
  folder: DataFolder;
  passphrase: string | null;
  force: boolean;
  /** Epoch milliseconds; names the old folder. */
  now: number;
}

/**
 * Restores a backup. Nothing of the present folder is touched before the whole backup has been read and checked.
 * @throws OperationalError for a damaged backup, a newer schema, a folder in use or not empty.
 */
export async function restoreBackup({ file, folder, passphrase, force, now }: RestoreRequest): Promise<Restored> {
  const occupied = existsSync(folder.path) && readdirSync(folder.path).length > 0;
  if (occupied && !force) {
    throw new OperationalError(`${folder.path} is not empty; with --force it is kept beside and replaced`);
  }
  const unlock = occupied ? lockDataFolder(folder) : () => undefined;
  const fresh = `${folder.path}.restaurando`;
  try {
    rmSync(fresh, { recursive: true, force: true });
    mkdirSync(fresh, { recursive: true, mode: 0o700 });
    const manifest = await extractBackup(file, passphrase, dataFolder(fresh));
    await checkExtracted(dataFolder(fresh), manifest, 'quick_check');
    // An older schema is brought up to date here, where a failure costs nothing.
    await (await openSqlite(dataFolder(fresh).database)).close();
    return { manifest, anterior: swap(fresh, folder.path, occupied, now) };
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    throw inWords(error, folder.path);
  } finally {
    unlock();
  }
}

/**
 * Restores into a scratch folder and compares everything with the manifest: what the weekly drill does.
 * @returns in pt-BR what was compared.
 */
export async function drillBackup(file: string, passphrase: string | null, scratch: string): Promise<string> {
  try {
    mkdirSync(scratch, { recursive: true, mode: 0o700 });
    const folder = dataFolder(scratch);
    const manifest = await extractBackup(file, passphrase, folder);
    await checkExtracted(folder, manifest, 'integrity_check');
    for (const { nome } of manifest.membros.filter((membro) => membro.nome.startsWith('versoes/'))) {
      const sha256 = await hashFile(join(scratch, nome));
      if (sha256 !== basename(nome)) throw new OperationalError(`${nome} is not the file its name says`);
    }
    const rows = sum(manifest.contagens.sqlite);
    const entries = sum(manifest.contagens.lmdb);
    return `${manifest.membros.length} arquivos, ${rows} linhas e ${entries} entradas iguais às do manifesto`;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function extractBackup(file: string, passphrase: string | null, to: DataFolder): Promise<Manifest> {
  const manifest = await readArchive(file, passphrase, async (nome, chunks) => {
    const path = join(to.path, nome);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const output = await open(path, 'wx', 0o600);
    try {
      for await (const chunk of chunks) await writeAll(output, chunk);
      await output.sync();
    } finally {
      await output.close();
    }
  });
  for (const { nome, modificado_em } of manifest.membros) {
    utimesSync(join(to.path, nome), modificado_em / 1000, modificado_em / 1000);
  }
  return manifest;
}

/** @throws OperationalError when the schema is newer than this executable, or anything is missing. */
async function checkExtracted(
  folder: DataFolder,
  { esquema, contagens }: Manifest,
  check: 'quick_check' | 'integrity_check',
): Promise<void> {
  const unknown = unknownMigrations(esquema);
  if (unknown.length > 0) {
    throw new OperationalError(`the backup has a newer schema (${unknown.join(', ')}); use the newer executable`);
  }
  compare('rows', contagens.sqlite, countRows(folder.database, check));
  if (existsSync(folder.lmdb)) compare('entries', contagens.lmdb, await countEntries(folder.lmdb));
}

function compare(what: string, wanted: Record<string, number>, found: Record<string, number>): void {
  for (const [name, count] of Object.entries(wanted)) {
    if (found[name] !== count) {
      throw new OperationalError(`${name} has ${found[name] ?? 'no'} ${what}, its manifest says ${count}`);
    }
  }
}

function sum(counts: Record<string, number>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

/** Two renames; a crash between them leaves both folders beside each other, whole. @returns where the old one is. */
function swap(fresh: string, path: string, occupied: boolean, now: number): string | null {
  const moment = new Date(now).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  const anterior = occupied ? `${path}.anterior-${moment}` : null;
  if (anterior !== null) renameSync(path, anterior);
  else rmSync(path, { recursive: true, force: true });
  try {
    renameSync(fresh, path);
  } catch (error) {
    if (anterior !== null) renameSync(anterior, path);
    throw error;
  }
  // The other backups belong to the installation, not to one state of it.
  const backups = join(anterior ?? '', 'backups');
  if (anterior !== null && existsSync(backups)) renameSync(backups, join(path, 'backups'));
  syncFolder(dirname(path));
  return anterior;
}

function inWords(error: unknown, path: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOSPC' || code === 'EDQUOT') return new OperationalError(`there is no room beside ${path}`);
  if (code === 'EBUSY' || code === 'EXDEV') {
    return new OperationalError(`${path} is a mount point and cannot be replaced: restore into a folder inside it`);
  }
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
    return new OperationalError(`the folder above ${path} cannot be written (${code})`);
  }
  return error;
}
