/** Lets a few at a time through, and only so many wait: for work that costs memory or a whole processor. */

import { Problem } from './problem';

export interface Gate {
  /** Runs the work when its turn comes. @throws Problem INDISPONIVEL when too many wait already. */
  run<T>(work: () => Promise<T>): Promise<T>;
}

export function createGate(atOnceMax: number, waitingMax: number): Gate {
  let running = 0;
  const waiting: (() => void)[] = [];

  return {
    async run(work) {
      if (running >= atOnceMax) {
        if (waiting.length >= waitingMax) throw new Problem('INDISPONIVEL', { headers: { 'Retry-After': '2' } });
        // Whoever ends hands its place on, so that nobody overtakes those who wait.
        await new Promise<void>((resolve) => waiting.push(resolve));
      } else {
        running += 1;
      }
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next) next();
        else running -= 1;
      }
    },
  };
}
