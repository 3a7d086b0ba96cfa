/** `narcidicontrol keys rotate`: a new key signs certificates from now on. */

import type { Settings } from '../settings';
import { prepareDataFolder } from '../storage/data-folder';
import { openKeyring } from '../storage/keys/keyring';

export async function keysRotate(settings: Settings): Promise<number> {
  const kid = openKeyring(prepareDataFolder(settings.data).keys).rotate();
  console.log(`new signing key ${kid}; certificates signed by older keys still verify`);
  return 0;
}
