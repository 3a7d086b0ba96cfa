/** What goes on for hours is said when it begins and when it is over: a cut of a day is not a line a minute. */

import type { Logger } from 'pino';

/**
 * @param began what is said of the first failure, as a warning; of those after it at level debug.
 * @param over what is said of the first success after one.
 */
export function createSpell(log: Logger, began: string, over: string) {
  let lasting = false;
  return {
    failed(fields: object): void {
      log[lasting ? 'debug' : 'warn'](fields, began);
      lasting = true;
    },
    well(): void {
      if (lasting) log.info(over);
      lasting = false;
    },
  };
}
