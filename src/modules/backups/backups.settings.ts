/** Settings of backups. */

import { integers, text } from '../../core/settings';

export const backupsSettings = {
  backupFolder: text(
    { env: 'NARCIDI_BACKUP_DIR', description: 'where backups are kept; backups in the data folder when empty' },
    '',
  ),
  backupPassphrase: text(
    { env: 'NARCIDI_BACKUP_PASSPHRASE', description: 'encrypts backups (age); not encrypted when empty', secret: true },
    '',
  ),
  backupKeep: integers(
    { env: 'NARCIDI_BACKUP_KEEP', description: 'how many daily, weekly and monthly backups are kept' },
    [7, 4, 12],
  ),
};
