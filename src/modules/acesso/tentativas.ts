/**
 * How often logging in may fail.
 *
 * Ten failures in 15 minutes close an account to the network they came from, and that network to every account. Nobody
 * else's door closes: an attacker elsewhere cannot lock an account's owner out. Against guessing from many networks at once
 * there is a brake on the account itself: after a hundred failures it takes one attempt in ten seconds, and none of that
 * concerns networks from which the account has been entered before.
 *
 * Success takes back the failures of that account from that network only: an account of one's own must not buy more
 * attempts at others.
 */

import { networkOf } from '../../core/address';
import { type Clock, dayMs, minuteMs, secondMs } from '../../core/clock';
import type { Counters } from '../../core/counters';
import { Problem } from '../../core/problem';

const windowMs = 15 * minuteMs;
const failuresMax = 10;
const accountFailuresMax = 100;
const brakeMs = 10 * secondMs;

/** For how long an account that was entered from a network is trusted there. */
export const trustedMs = 90 * dayMs;

export interface Tentativa {
  /** Programs with an old secret must not close the door to the people behind the same address. */
  tipo: 'pessoa' | 'programa';
  /** What is guessed at: an e-mail address or a client id, known or not. */
  conta: string;
  ip: string | null;
  /** Whether the account has been entered from this network before. */
  confiavel: boolean;
}

export type Tentativas = ReturnType<typeof createTentativas>;

export function createTentativas(clock: Clock, counters: Counters) {
  /** When one more failure is allowed, or null when it is now. */
  function openAt(key: string, now: number, max: number): number | null {
    const times = counters.times(key, now).filter((at) => at > now - windowMs);
    const decisive = times.length < max ? undefined : times[times.length - max];
    return decisive === undefined ? null : decisive + windowMs;
  }

  return {
    /** @throws Problem MUITAS_TENTATIVAS with `Retry-After`, before anything about the password is known. */
    check({ confiavel, ...tentativa }: Tentativa): void {
      const now = clock.now();
      const { pair, network, account } = keysOf(tentativa);
      for (const key of [pair, network]) {
        const until = openAt(key, now, failuresMax);
        if (until !== null) throw tooMany(until - now);
      }
      if (confiavel || openAt(account, now, accountFailuresMax) === null) return;
      if (!counters.takeOnce(`freio ${account}`, now, now + brakeMs)) throw tooMany(brakeMs);
    },

    failed(tentativa: Tentativa): void {
      const now = clock.now();
      const { pair, network, account } = keysOf(tentativa);
      for (const key of [pair, network]) counters.hit(key, now, { keep: failuresMax, windowMs });
      counters.hit(account, now, { keep: accountFailuresMax, windowMs });
    },

    succeeded(tentativa: Tentativa): void {
      counters.clear(keysOf(tentativa).pair);
    },
  };
}

function keysOf({ tipo, conta, ip }: Pick<Tentativa, 'tipo' | 'conta' | 'ip'>) {
  const rede = ip === null ? 'nenhuma' : networkOf(ip);
  return {
    pair: `entrada ${JSON.stringify([tipo, conta, rede])}`,
    network: `entrada de ${JSON.stringify([tipo, rede])}`,
    account: `entrada em ${JSON.stringify([tipo, conta])}`,
  };
}

function tooMany(waitMs: number): Problem {
  const waitSeconds = Math.max(1, Math.ceil(waitMs / secondMs));
  return new Problem('MUITAS_TENTATIVAS', {
    detalhe: `Tente de novo em ${waitSeconds} segundos.`,
    headers: { 'Retry-After': String(waitSeconds) },
    extra: { definitivo: false },
  });
}
