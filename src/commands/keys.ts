/** `narcidicontrol keys rotate`: new keys sign certificates and access tokens from now on; nobody is logged out. */

import { systemClock } from '../core/clock';
import type { Settings } from '../settings';
import { prepareDataFolder } from '../storage/data-folder';
import { openKeyring } from '../storage/keys/keyring';

export async function keysRotate(settings: Settings): Promise<number> {
  const kid = openKeyring(prepareDataFolder(settings.data).keys).rotate(systemClock(settings.clockOffsetSeconds).now());
  console.log(`new signing key ${kid}; certificates and sessions of older keys stay valid`);
  return 0;
}
