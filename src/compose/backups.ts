/** Backups: the commands that make them run with the settings of this server. */

import { createBackups } from '../modules/backups/backups.service';
import { runSelf } from '../native/self-command';
import type { Settings } from '../settings';
import { backupFolder } from '../storage/backup/catalog';
import type { DataFolder } from '../storage/data-folder';
import { needsMigration } from '../storage/sqlite/open';
import type { Adapters } from './adapters';

export function composeBackups({ settings, work, clock, folder }: Adapters) {
  return createBackups({
    work,
    clock,
    folder: backupFolder(settings.backupFolder, folder),
    run: (args, signal) => runSelf([...args, '--data', folder.path], environmentOf(settings), signal),
  });
}

/** Before the schema changes, everything is kept as it is. @throws OperationalError: without that, nothing is changed. */
export async function backupBeforeMigration(settings: Settings, folder: DataFolder): Promise<void> {
  if (!needsMigration(folder.database)) return;
  await runSelf(['backup', 'create', '--origem', 'migracao', '--data', folder.path], environmentOf(settings), null);
}

function environmentOf(settings: Settings): Record<string, string> {
  return {
    NARCIDI_BACKUP_DIR: settings.backupFolder,
    NARCIDI_BACKUP_PASSPHRASE: settings.backupPassphrase,
    NARCIDI_BACKUP_KEEP: settings.backupKeep.join(','),
    NARCIDI_TZ: settings.timeZone,
    NARCIDI_CLOCK_OFFSET: String(settings.clockOffsetSeconds),
  };
}
