/** `narcidicontrol backup …`: makes, lists and checks backups, while a server runs on the data folder and while none does. */

import { join, resolve } from 'node:path';
import { systemClock } from '../core/clock';
import { uuidV7 } from '../core/ids';
import { keepOf } from '../modules/backups/backups.model';
import { version } from '../native/build-info';
import { stepBack } from '../native/step-back';
import type { Settings } from '../settings';
import { readArchive } from '../storage/backup/archive-read';
import { type BackupRecord, backupFolder, listBackups, stagingOf } from '../storage/backup/catalog';
import { createBackup, drain } from '../storage/backup/create';
import { backupOrigins } from '../storage/backup/manifest';
import { drillBackup } from '../storage/backup/restore';
import { dataFolder } from '../storage/data-folder';

/** A backup is never in a hurry, and a server may wait for the same disk: at full speed each of its flushes takes ten times as long. */
const bytesPerSecond = 32 * 1024 ** 2;

interface CreateOptions {
  out?: string;
  origem?: string;
  json?: boolean;
}

/** @throws OperationalError */
export async function backupCreate(settings: Settings, { out, origem, json }: CreateOptions): Promise<number> {
  stepBack();
  const now = systemClock(settings.clockOffsetSeconds).now();
  const folder = dataFolder(settings.data);
  const record = await createBackup({
    folder,
    backups: backupFolder(settings.backupFolder, folder),
    id: uuidV7.next(now),
    now,
    origem: backupOrigins.find((known) => known === origem) ?? 'comando',
    programa: version,
    passphrase: settings.backupPassphrase || null,
    // The start of the server waits for this one.
    bytesPerSecond: origem === 'migracao' ? null : bytesPerSecond,
    keep: keepOf(settings.backupKeep),
    timeZone: settings.timeZone,
    out: out === undefined ? null : resolve(out),
  });
  const file = out === undefined ? join(backupFolder(settings.backupFolder, folder), record.arquivo) : record.arquivo;
  console.log(json ? JSON.stringify(record) : `${file}: ${describe(record)}`);
  return 0;
}

export async function backupList(settings: Settings, { json }: { json?: boolean }): Promise<number> {
  const backups = backupFolder(settings.backupFolder, dataFolder(settings.data));
  const records = listBackups(backups);
  if (json) console.log(JSON.stringify(records));
  else for (const record of records) console.log(`${join(backups, record.arquivo)}: ${describe(record)}`);
  return 0;
}

/** Reads a backup to its end. @throws OperationalError when any byte of it is not as it was written. */
export async function backupVerify(settings: Settings, file: string): Promise<number> {
  const { id, criado_em, esquema, membros } = await readArchive(file, settings.backupPassphrase || null, drain);
  const moment = new Date(criado_em).toISOString();
  console.log(`${file} is intact: backup ${id} of ${moment}, ${membros.length} members, schema ${esquema.at(-1)}`);
  return 0;
}

/** Restores a backup into a scratch folder, compares, and removes it again. @throws OperationalError */
export async function backupDrill(settings: Settings, file: string): Promise<number> {
  stepBack();
  const folder = backupFolder(settings.backupFolder, dataFolder(settings.data));
  const scratch = stagingOf(folder, `simulacro-${process.pid}`);
  console.log(await drillBackup(file, settings.backupPassphrase || null, scratch));
  return 0;
}

function describe({ id, criado_em, tamanho, cifrado, esquema, origem }: BackupRecord): string {
  const size = `${(tamanho / 1024 ** 2).toFixed(1)} MiB`;
  return `${id} ${new Date(criado_em).toISOString()} ${size} ${esquema} ${origem}${cifrado ? ' encrypted' : ''}`;
}
