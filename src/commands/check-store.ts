/** `narcidicontrol check-store`: what the server and `doctor` run to look at a store of heartbeats without trusting it. */

import { copyWays, readStore } from '../storage/lmdb/check';

/** Prints what was found as JSON; a damaged store may end the process by a signal instead. */
export async function checkStore(folder: string, to: string | undefined, how: string): Promise<number> {
  const way = copyWays.find((known) => known === how) ?? 'pages';
  console.log(JSON.stringify(await readStore(folder, to === undefined ? null : { to, way })));
  return 0;
}
