/**
 * How often licences were refused what was asked of them, by day: a sign of trouble, or of a customer who needs more. Counted
 * in memory, for a verification costs microseconds, and written in batches: what a crash loses is a few seconds of counting.
 */

import { systemActor } from '../../core/actor';
import { type Clock, dayMs, secondMs } from '../../core/clock';
import type { UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { addRecusas } from './recusas.store';

const flushEveryMs = 2 * secondMs;
const pendingMax = 10_000;

interface Dependencies {
  work: UnitOfWork;
  clock: Clock;
  onError(error: unknown): void;
}

export interface Recusa {
  licenca_id: string;
  dia: number;
  codigo: string;
  quantidade: number;
}

export function createRecusas({ work, clock, onError }: Dependencies) {
  let pending = new Map<string, Recusa>();
  let timer: ReturnType<typeof setInterval> | null = null;

  async function flush(): Promise<void> {
    if (pending.size === 0) return;
    const batch = [...pending.values()];
    pending = new Map();
    try {
      await work.write(systemActor('recusas'), (tx) => addRecusas(tx.db, batch));
    } catch (error) {
      onError(error);
    }
  }

  return {
    /** Counts one refusal. Never throws; past ten thousand kinds at once nobody counts. */
    note(licencaId: string, codigo: string): void {
      const dia = Math.floor(clock.now() / dayMs) * dayMs;
      const key = `${licencaId} ${codigo} ${dia}`;
      const known = pending.get(key);
      if (known) known.quantidade += 1;
      else if (pending.size < pendingMax) pending.set(key, { licenca_id: licencaId, dia, codigo, quantidade: 1 });
    },

    flush,

    start(): void {
      timer = setInterval(() => void flush(), flushEveryMs);
    },

    async stop(): Promise<void> {
      if (timer) clearInterval(timer);
      await flush();
    },
  };
}
