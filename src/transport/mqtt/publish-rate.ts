/** How fast a machine may publish: a token bucket kept as one moment, the generic cell rate algorithm. */

import { type Clock, secondMs } from '../../core/clock';

export interface PublishRatePolicy {
  /** Messages a second over time; 0 for no limit. */
  perSecond: number;
  /** Messages at once, after so long a silence that the bucket is full. */
  burst: number;
}

export type PublishRate = ReturnType<typeof createPublishRate>;

export function createPublishRate(clock: Clock, { perSecond, burst }: PublishRatePolicy) {
  const intervalMs = perSecond > 0 ? secondMs / perSecond : 0;
  const burstMs = burst * intervalMs;
  /** When each machine's last message was due; forgotten once its bucket is full again. */
  const dueAt = new Map<string, number>();

  return {
    /** Takes a message's place. @returns the milliseconds it has to wait for it. */
    take(maquinaId: string): number {
      if (intervalMs === 0) return 0;
      const now = clock.now();
      const due = Math.max(dueAt.get(maquinaId) ?? 0, now - burstMs) + intervalMs;
      dueAt.set(maquinaId, due);
      return Math.max(0, due - now);
    },

    /** Forgets the machines whose bucket is full again. */
    sweep(): void {
      const full = clock.now() - burstMs;
      for (const [maquinaId, due] of dueAt) if (due <= full) dueAt.delete(maquinaId);
    },
  };
}
