/**
 * The heartbeat of the scheduler: each second it is asked what is due. The second is the machine's own; what is due is
 * decided on the business clock, so that a moved clock moves the jobs with it.
 */

import { cron } from '@elysiajs/cron';
import { Elysia } from 'elysia';

/** @param tick must not throw. @returns how to begin and end. */
export function createTicker(tick: () => void): { start(): void; stop(): void } {
  const { second } = new Elysia({ name: 'ticker' }).use(
    cron({ name: 'second', pattern: '* * * * * *', paused: true, unref: true, run: tick }),
  ).store.cron;
  return {
    start: () => {
      second.resume();
    },
    stop: () => second.stop(),
  };
}
