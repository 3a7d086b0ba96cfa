/**
 * Whoever asks for licence keys that do not exist is slowed: each such call counts like twenty, so that a network has some
 * thirty wrong keys at once and then two or three a second, while right keys from the same network go on at their own
 * pace for as long as nobody there guesses hard. Twenty within ten minutes are reported.
 */

import { networkOf } from '../../core/address';
import { type Clock, minuteMs } from '../../core/clock';
import type { Counters } from '../../core/counters';
import type { RateLimiter } from './kit/rate-limit';

const unknownKeyCost = 20;
const reportedFrom = 20;
const windowMs = 10 * minuteMs;

interface Dependencies {
  /** The limit of every call with a key. */
  limiter: RateLimiter;
  counters: Counters;
  clock: Clock;
  report(act: { motivo: string; maquinaId: null; ip: string; detalhe: string }): void;
}

/** @returns a function that is told of each call with a key that does not exist. */
export function createKeyGuesses({ limiter, counters, clock, report }: Dependencies): (ip: string | null) => void {
  return (ip) => {
    if (ip === null) return;
    const now = clock.now();
    const key = `chave desconhecida ${networkOf(ip)}`;
    limiter.spend(ip, unknownKeyCost - 1);
    counters.hit(key, now, { keep: reportedFrom, windowMs });
    if (counters.times(key, now).length < reportedFrom) return;
    const detalhe = `${reportedFrom} ou mais chaves de licença inexistentes em ${windowMs / minuteMs} minutos`;
    report({ motivo: 'adivinhação de chaves', maquinaId: null, ip, detalhe });
  };
}
