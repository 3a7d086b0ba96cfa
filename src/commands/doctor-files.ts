/** The part of `doctor` that reads the files of versions: each must hash to its name, and each version must have its own. */

import { Database } from 'bun:sqlite';
import { existsSync } from 'node:fs';
import type { DataFolder } from '../storage/data-folder';
import { contentPath, hashFile, listContents } from '../storage/files/content-store';

const shownMax = 3;

/** Every file read and hashed; missing and altered ones are told by the version that refers to them. */
export async function checkVersionFiles(folder: DataFolder) {
  const nome = 'versions';
  const versions = readVersions(folder.database);
  const altered = new Set<string>();
  let files = 0;
  for await (const sha256 of listContents(folder.versoes)) {
    files += 1;
    if ((await hashFile(contentPath(folder.versoes, sha256))) !== sha256) altered.add(sha256);
  }
  const broken = versions.flatMap(({ sha256, arquivo, versao }) => {
    if (altered.has(sha256)) return [`${arquivo} of ${versao} was altered`];
    return existsSync(contentPath(folder.versoes, sha256)) ? [] : [`${arquivo} of ${versao} is missing`];
  });
  if (broken.length === 0)
    return { nome, ok: true, detalhe: `every one of ${files} files has the hash it is named by` };
  const shown = broken.slice(0, shownMax).join('; ') + (broken.length > shownMax ? `; ${broken.length} in all` : '');
  return { nome, ok: false, detalhe: shown, remedio: 'send the same file again, as a draft, or restore a backup' };
}

function readVersions(database: string): { sha256: string; arquivo: string; versao: string }[] {
  if (!existsSync(database)) return [];
  const db = new Database(database, { readonly: true });
  try {
    const known = db.query(`SELECT 1 FROM sqlite_master WHERE name = 'versoes'`).get();
    if (!known) return [];
    return db
      .query<{ sha256: string; arquivo: string; versao: string }, []>('SELECT sha256, arquivo, versao FROM versoes')
      .all();
  } finally {
    db.close();
  }
}
