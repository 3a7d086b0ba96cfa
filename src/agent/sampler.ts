/** Measures at the server's interval and hands every heartbeat to the spool. */

import type { Logger } from 'pino';
import { type Clock, rfc3339 } from '../core/clock';
import type { Sensors } from './sensors';
import type { Spool } from './spool';

interface Dependencies {
  sensors: Sensors;
  spool: Spool;
  /** The server's time, as well as this machine knows it. */
  clock: Clock;
  versao(): string;
  /** A heartbeat, as JSON, waits in the spool. */
  onSample(line: string): void;
  log: Logger;
}

export function createSampler({ sensors, spool, clock, versao, onSample, log }: Dependencies) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let intervalMs = 0;
  let stopped = true;
  let measuring = Promise.resolve();

  async function measure(): Promise<void> {
    const em = rfc3339(clock.now());
    const reading = await sensors.read();
    if (!reading) return log.warn('this machine tells neither its CPU nor its memory nor its disk');
    const line = JSON.stringify({ em, versao: versao(), ...reading });
    spool.append(line);
    onSample(line);
  }

  /** One measurement after another; the next is due an interval after this one was, so that delays do not add up. */
  function schedule(dueAt: number): void {
    timer = setTimeout(
      () => {
        measuring = measure()
          .catch((error: unknown) => log.error({ err: error }, 'a measurement failed'))
          .finally(() => {
            if (stopped) return;
            const now = performance.now();
            const missed = Math.max(0, Math.floor((now - dueAt) / intervalMs));
            schedule(dueAt + (missed + 1) * intervalMs);
          });
      },
      Math.max(0, dueAt - performance.now()),
    );
  }

  return {
    /** Starts with a measurement now. @param seconds between two. */
    start(seconds: number): void {
      stopped = false;
      intervalMs = seconds * 1_000;
      schedule(performance.now());
    },

    /** Another interval, from the next measurement on; the same one changes nothing. */
    setInterval(seconds: number): void {
      if (seconds * 1_000 === intervalMs || stopped) return;
      log.info({ intervalo_s: seconds }, 'the server asks for another interval');
      intervalMs = seconds * 1_000;
      clearTimeout(timer);
      measuring = measuring.finally(() => {
        clearTimeout(timer);
        if (!stopped) schedule(performance.now() + intervalMs);
      });
    },

    /** Lets a measurement under way end. */
    async stop(): Promise<void> {
      stopped = true;
      clearTimeout(timer);
      await measuring;
    },
  };
}
