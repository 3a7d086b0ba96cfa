/** What an archive says of itself: its last member, `manifest.json`. */

import { OperationalError } from '../../core/operational-error';

export const manifestName = 'manifest.json';
export const databaseMember = 'narcidi.db';
export const lmdbMember = 'lmdb/data.mdb';
const formatVersion = 1;

export const backupOrigins = ['agenda', 'manual', 'comando', 'migracao'] as const;
export type BackupOrigin = (typeof backupOrigins)[number];

export interface ArchiveMember {
  nome: string;
  bytes: number;
  sha256: string;
  /** When the file was last changed, epoch milliseconds: the newest signing key is told by it. */
  modificado_em: number;
}

export interface Manifest {
  formato: number;
  /** The version of the program that wrote it. */
  programa: string;
  id: string;
  /** Epoch milliseconds. */
  criado_em: number;
  origem: BackupOrigin;
  /** The names of the migrations that the database has had, in order. */
  esquema: string[];
  /** Rows by table, and entries by LMDB database. */
  contagens: { sqlite: Record<string, number>; lmdb: Record<string, number> };
  membros: ArchiveMember[];
}

export const newManifest = (fields: Omit<Manifest, 'formato'>): Manifest => ({ formato: formatVersion, ...fields });

/** @throws OperationalError when it is no manifest, or of a format to come. */
export function parseManifest(text: string): Manifest {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== 'object' || parsed === null || !('formato' in parsed)) {
    throw new OperationalError('its manifest is not one of this program');
  }
  if (parsed.formato !== formatVersion) {
    throw new OperationalError(`its format ${String(parsed.formato)} is not known; use the newer executable`);
  }
  return parsed as Manifest;
}

/** Members have names of this program's own making: nothing else is ever written to the disk. */
export function isMemberName(name: string): boolean {
  if (name.split('/').some((part) => part === '' || part === '.' || part === '..')) return false;
  return (
    name === databaseMember ||
    name === lmdbMember ||
    name === 'config.json' ||
    /^keys\/[\w.=-]+$/.test(name) ||
    /^versoes\/[\w./-]+$/.test(name)
  );
}
