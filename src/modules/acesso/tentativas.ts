/** Counts failed log-ins in memory, by account and by address. */

import { type Clock, minuteMs, secondMs } from '../../core/clock';
import { Problem } from '../../core/problem';

const failuresMax = 10;
const windowMs = 15 * minuteMs;
const subjectsMax = 50_000;

export type Tentativas = ReturnType<typeof createTentativas>;

export function createTentativas(clock: Clock) {
  /** The times of the failures of each account and address, oldest first. */
  const failures = new Map<string, number[]>();

  function recent(subject: string, now: number): number[] {
    return (failures.get(subject) ?? []).filter((at) => at > now - windowMs);
  }

  return {
    /** @throws Problem MUITAS_TENTATIVAS when any of the subjects has failed ten times in 15 minutes. */
    check(subjects: readonly string[]): void {
      const now = clock.now();
      for (const subject of subjects) {
        const times = recent(subject, now);
        const oldest = times[0];
        if (times.length < failuresMax || oldest === undefined) continue;
        const waitSeconds = Math.max(1, Math.ceil((oldest + windowMs - now) / secondMs));
        throw new Problem('MUITAS_TENTATIVAS', {
          detalhe: `Tente de novo em ${waitSeconds} segundos.`,
          headers: { 'Retry-After': String(waitSeconds) },
          extra: { definitivo: false },
        });
      }
    },

    failed(subjects: readonly string[]): void {
      const now = clock.now();
      for (const subject of subjects) {
        const times = [...recent(subject, now), now].slice(-failuresMax);
        // Deleted first, so that the map stays in order of last failure and the oldest subject is the one dropped.
        failures.delete(subject);
        failures.set(subject, times);
        const oldest = failures.keys().next();
        if (failures.size > subjectsMax && !oldest.done) failures.delete(oldest.value);
      }
    },

    succeeded(subjects: readonly string[]): void {
      for (const subject of subjects) failures.delete(subject);
    },
  };
}
