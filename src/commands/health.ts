/** `narcidicontrol health`: asks the server of this machine whether all is well, for containers and supervisors without curl. */

import { localAuthority } from '../core/address';
import { OperationalError } from '../core/operational-error';
import type { Settings } from '../settings';

const answerWithinMs = 5_000;

/**
 * Prints `ok`, or fails with what `/readyz` names as wrong.
 * @throws OperationalError
 */
export async function health({ host, port, tlsCert }: Settings): Promise<number> {
  const url = `${tlsCert ? 'https' : 'http'}://${localAuthority(host, port)}/readyz`;
  const response = await fetch(url, {
    signal: AbortSignal.timeout(answerWithinMs),
    // The certificate is for the name that others know this server by.
    tls: { rejectUnauthorized: false },
  }).catch(() => {
    throw new OperationalError(`nothing answers at ${url}`);
  });
  const said = await response.text();
  if (!response.ok) throw new OperationalError(`${url} answers ${response.status}: ${said}`);
  console.log('ok');
  return 0;
}
