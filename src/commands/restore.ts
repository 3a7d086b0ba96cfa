/** `narcidicontrol restore`: a backup back into the data folder, checked before anything is replaced. */

import { systemClock } from '../core/clock';
import type { Settings } from '../settings';
import { restoreBackup } from '../storage/backup/restore';
import { dataFolder } from '../storage/data-folder';

/** @throws OperationalError */
export async function restore(settings: Settings, file: string, { force }: { force?: boolean }): Promise<number> {
  const folder = dataFolder(settings.data);
  const { manifest, anterior } = await restoreBackup({
    file,
    folder,
    passphrase: settings.backupPassphrase || null,
    force: force ?? false,
    now: systemClock(settings.clockOffsetSeconds).now(),
  });
  console.log(`restored ${folder.path} as of ${new Date(manifest.criado_em).toISOString()} (backup ${manifest.id})`);
  if (anterior !== null) console.log(`what was there is now in ${anterior}`);
  return 0;
}
