/**
 * The backups in a folder. What is known of one lies beside it, `<file>.json`, written before the archive gets its name:
 * a backup is there when both are, so that one cut off in the middle is never listed.
 */

import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { DataFolder } from '../data-folder';
import type { BackupOrigin } from './manifest';

export interface Check {
  /** Epoch milliseconds. */
  em: number;
  ok: boolean;
  detalhe: string;
}

export interface BackupRecord {
  id: string;
  arquivo: string;
  criado_em: number;
  origem: BackupOrigin;
  programa: string;
  /** The newest migration of the database in it. */
  esquema: string;
  tamanho: number;
  sha256: string;
  cifrado: boolean;
  contagens: { sqlite: Record<string, number>; lmdb: Record<string, number> };
  verificacao: Check | null;
  /** The last time it was restored into a scratch folder and compared. */
  simulacro: Check | null;
}

const archivePattern = /^narcidi-[\w-]+\.tar\.zst(\.age)?$/;
const partPrefix = '.part-';
const backupsMax = 10_000;

/** @param setting NARCIDI_BACKUP_DIR; empty for the folder inside the data folder. */
export const backupFolder = (setting: string, { path }: DataFolder): string =>
  setting === '' ? join(path, 'backups') : resolve(setting);

export const archiveNameOf = (id: string, criadoEm: number, encrypted: boolean): string => {
  const moment = new Date(criadoEm).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  return `narcidi-${moment}-${id.slice(-8)}.tar.zst${encrypted ? '.age' : ''}`;
};

export const stagingOf = (folder: string, id: string): string => join(folder, `${partPrefix}${id}`);

/** Every backup that is whole, the newest first. */
export function listBackups(folder: string): BackupRecord[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => archivePattern.test(name))
    .slice(0, backupsMax)
    .flatMap((name) => readRecord(folder, name) ?? [])
    .sort((a, b) => b.criado_em - a.criado_em || (a.id < b.id ? 1 : -1));
}

function readRecord(folder: string, arquivo: string): BackupRecord | null {
  try {
    const record = JSON.parse(readFileSync(join(folder, `${arquivo}.json`), 'utf8')) as BackupRecord;
    return { ...record, arquivo, tamanho: statSync(join(folder, arquivo)).size };
  } catch {
    // Without its record it is no backup of this catalogue: copied here by hand, or removed this moment.
    return null;
  }
}

/** Writes what is known of a backup, whole or not at all. */
export function saveRecord(folder: string, record: BackupRecord): void {
  const path = join(folder, `${record.arquivo}.json`);
  writeFileSync(`${path}.part`, JSON.stringify(record, null, 1), { mode: 0o600, flush: true });
  renameSync(`${path}.part`, path);
}

/** The archive goes first: what remains of a removal that was cut off is no backup. */
export function removeBackup(folder: string, { arquivo }: BackupRecord): void {
  rmSync(join(folder, arquivo), { force: true });
  rmSync(join(folder, `${arquivo}.json`), { force: true });
}

/** Removes what backups that were cut off have left. Only for who holds the folder's lock. */
export function removeLeftovers(folder: string): void {
  const names = readdirSync(folder);
  for (const name of names) {
    const orphan =
      /^narcidi-.*\.tar\.zst(\.age)?\.json(\.part)?$/.test(name) &&
      !names.includes(name.replace(/\.json(\.part)?$/, ''));
    if (orphan || name.startsWith(partPrefix)) rmSync(join(folder, name), { recursive: true, force: true });
  }
}
