/** How many calls of the API each caller may make: strangers by their network, everyone else by who they are. */

import type { Actor } from '../../core/actor';
import { networkOf } from '../../core/address';
import type { Clock } from '../../core/clock';
import { createRateLimiter, type RatePolicy } from './kit/rate-limit';

/** Far above what people and fair programs need; a loop that has gone wild is stopped within a minute. */
const policies = {
  endereco: { nome: 'endereco', burst: 6_000, perSecond: 200 },
  conta: { nome: 'conta', burst: 6_000, perSecond: 200 },
  chave_api: { nome: 'chave-api', burst: 6_000, perSecond: 200 },
  maquina: { nome: 'maquina', burst: 600, perSecond: 10 },
} as const satisfies Record<string, RatePolicy>;

export type ApiLimits = ReturnType<typeof createApiLimits>;

/** @param enabled `NARCIDI_RATE_LIMIT`; off lets everything through. */
export function createApiLimits(clock: Clock, enabled: boolean) {
  const limiters = {
    endereco: createRateLimiter(clock, policies.endereco, enabled),
    conta: createRateLimiter(clock, policies.conta, enabled),
    chave_api: createRateLimiter(clock, policies.chave_api, enabled),
    maquina: createRateLimiter(clock, policies.maquina, enabled),
  };

  return {
    /**
     * Counts one call.
     * @param actor null for whoever could not be recognised.
     * @returns the headers that tell how many are left, or null when limits are off.
     * @throws Problem MUITAS_REQUISICOES
     */
    take(actor: Actor | null, ip: string | null): Record<string, string> | null {
      if (!enabled) return null;
      switch (actor?.tipo) {
        case 'usuario':
          return limiters.conta.take(actor.id);
        case 'chave_api':
          return limiters.chave_api.take(actor.id);
        case 'maquina':
          return limiters.maquina.take(actor.id);
        default:
          return limiters.endereco.take(ip === null ? null : networkOf(ip));
      }
    },
  };
}
