/** Makes a backup: the copies, the archive, reading it back, and only then its name in the catalogue. */

import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { OperationalError } from '../../core/operational-error';
import { expiredBackups, type Keep } from '../../modules/backups/backups.model';
import { type DataFolder, lockFile, syncFolder } from '../data-folder';
import { readArchive } from './archive-read';
import { type WrittenArchive, writeArchive } from './archive-write';
import {
  archiveNameOf,
  type BackupRecord,
  listBackups,
  removeBackup,
  removeLeftovers,
  saveRecord,
  stagingOf,
} from './catalog';
import { type BackupOrigin, newManifest } from './manifest';
import { takeSnapshot } from './snapshot';

export interface BackupRequest {
  folder: DataFolder;
  /** The folder of the catalogue; copies are made in it too. */
  backups: string;
  id: string;
  /** Epoch milliseconds. */
  now: number;
  origem: BackupOrigin;
  programa: string;
  passphrase: string | null;
  /** How fast the archive is written, where a server beside it waits for the same disk. */
  bytesPerSecond: number | null;
  keep: Keep;
  timeZone: string;
  /** A file to write in place of one in the catalogue. */
  out: string | null;
}

/** @throws OperationalError when another backup is being made, there is no room, or what is to be copied is damaged. */
export async function createBackup(request: BackupRequest): Promise<BackupRecord> {
  const { folder, backups, id, now, out } = request;
  if (out !== null && existsSync(out)) throw new OperationalError(`${out} is there already`);
  mkdirSync(backups, { recursive: true, mode: 0o700 });
  const unlock = lockFile(join(backups, 'backup.lock'), 'another backup is being made');
  const staging = stagingOf(backups, id);
  try {
    removeLeftovers(backups);
    checkRoom(folder, backups);
    mkdirSync(staging, { mode: 0o700 });
    const archive = join(staging, 'archive');
    const written = await writeSnapshot(request, staging, archive);
    await readArchive(archive, request.passphrase, drain);
    const record = recordOf(request, written);
    if (out !== null) {
      moveFile(archive, out);
      return { ...record, arquivo: out };
    }
    saveRecord(backups, record);
    renameSync(archive, join(backups, record.arquivo));
    syncFolder(backups);
    for (const expired of expiredBackups(listBackups(backups), request.keep, now, request.timeZone)) {
      removeBackup(backups, expired);
    }
    return record;
  } catch (error) {
    throw inWords(error, backups);
  } finally {
    rmSync(staging, { recursive: true, force: true });
    unlock();
  }
}

async function writeSnapshot(request: BackupRequest, staging: string, archive: string): Promise<WrittenArchive> {
  const { folder, id, now, origem, programa, passphrase, bytesPerSecond } = request;
  const { sources, esquema, contagens } = await takeSnapshot(folder, staging);
  return writeArchive(
    archive,
    sources,
    (membros) => newManifest({ programa, id, criado_em: now, origem, esquema, contagens, membros }),
    { passphrase, bytesPerSecond },
  );
}

export async function drain(_nome: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of chunks) {
    // Read for its hash only.
  }
}

function recordOf({ now, passphrase }: BackupRequest, { bytes, sha256, manifest }: WrittenArchive): BackupRecord {
  const { id, criado_em, origem, programa, esquema, contagens, membros } = manifest;
  return {
    id,
    arquivo: archiveNameOf(id, criado_em, passphrase !== null),
    criado_em,
    origem,
    programa,
    esquema: esquema.at(-1) ?? '',
    tamanho: bytes,
    sha256,
    cifrado: passphrase !== null,
    contagens,
    verificacao: { em: now, ok: true, detalhe: `${membros.length} membros conferidos depois de gravados` },
    simulacro: null,
  };
}

/** The copies lie beside the archive until it is done; compression makes the archive of the stores smaller, if unknown how much. */
function checkRoom(folder: DataFolder, backups: string): void {
  const stores = sizeOf(folder.database) + sizeOf(`${folder.database}-wal`) + sizeOf(join(folder.lmdb, 'data.mdb'));
  const needed = Math.ceil(stores * 1.5);
  const { bavail, bsize } = statfsSync(backups);
  const free = bavail * bsize;
  if (free < needed) {
    throw new OperationalError(`no room for a backup in ${backups}: ${mib(needed)} are needed, ${mib(free)} are free`);
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function mib(bytes: number): string {
  return `${Math.ceil(bytes / 1024 ** 2)} MiB`;
}

/** To another disk when need be; complete or not there. */
function moveFile(from: string, to: string): void {
  const part = `${to}.part`;
  try {
    renameSync(from, to);
  } catch {
    copyFileSync(from, part);
    renameSync(part, to);
  }
  syncFolder(dirname(to));
}

function inWords(error: unknown, backups: string): unknown {
  if (!(error instanceof Error)) return error;
  const code = 'code' in error ? String(error.code) : '';
  const full = ['ENOSPC', 'EDQUOT', 'SQLITE_FULL'].includes(code) || /disk is full|No space left/i.test(error.message);
  if (full) return new OperationalError(`the disk of ${backups} is full`, { cause: error });
  if (error instanceof OperationalError) return error;
  return new OperationalError(`the backup could not be made: ${error.message}`, { cause: error });
}
