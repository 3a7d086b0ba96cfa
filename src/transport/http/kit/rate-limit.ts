/**
 * Requests per address (of IPv6, per /64) or other caller, by a token bucket in memory, told in `RateLimit` and `RateLimit-Policy`
 * (draft-ietf-httpapi-ratelimit-headers).
 */

import { networkOf } from '../../../core/address';
import { type Clock, secondMs } from '../../../core/clock';
import { Problem } from '../../../core/problem';

const addressesMax = 50_000;

export interface RatePolicy {
  nome: string;
  /** How many requests a full bucket holds. */
  burst: number;
  /** How many are given back each second. */
  perSecond: number;
}

interface Bucket {
  tokens: number;
  at: number;
}

export type RateLimiter = ReturnType<typeof createRateLimiter>;

/** @param enabled `NARCIDI_RATE_LIMIT`; off lets everything through. */
export function createRateLimiter(clock: Clock, policy: RatePolicy, enabled: boolean) {
  const buckets = new Map<string, Bucket>();
  const policyHeader = `"${policy.nome}";q=${policy.burst};w=${Math.ceil(policy.burst / policy.perSecond)}`;

  function bucketOf(caller: string, now: number): Bucket {
    const address = networkOf(caller);
    const known = buckets.get(address);
    if (!known) {
      // The oldest bucket is the fullest: forgetting it costs the least.
      const oldest = buckets.keys().next();
      if (buckets.size >= addressesMax && !oldest.done) buckets.delete(oldest.value);
      const bucket = { tokens: policy.burst, at: now };
      buckets.set(address, bucket);
      return bucket;
    }
    const elapsedMs = Math.max(0, now - known.at);
    known.tokens = Math.min(policy.burst, known.tokens + (elapsedMs / secondMs) * policy.perSecond);
    known.at = now;
    return known;
  }

  return {
    /** Whether the address has any request left, without taking one. */
    available(address: string | null): boolean {
      return !enabled || address === null || bucketOf(address, clock.now()).tokens >= 1;
    },

    /** Takes requests from an address, never below none. */
    spend(address: string | null, count = 1): void {
      if (!enabled || address === null) return;
      const bucket = bucketOf(address, clock.now());
      bucket.tokens = Math.max(0, bucket.tokens - count);
    },

    /**
     * Takes one request from an address.
     * @returns the headers that tell how many are left, or null when limits are off.
     * @throws Problem MUITAS_REQUISICOES with `Retry-After`
     */
    take(address: string | null): Record<string, string> | null {
      if (!enabled || address === null) return null;
      const bucket = bucketOf(address, clock.now());
      const waitSeconds = Math.max(1, Math.ceil((1 - bucket.tokens) / policy.perSecond));
      if (bucket.tokens < 1) {
        throw new Problem('MUITAS_REQUISICOES', {
          detalhe: `Tente de novo em ${waitSeconds} segundo(s).`,
          headers: {
            'Retry-After': String(waitSeconds),
            'RateLimit-Policy': policyHeader,
            RateLimit: `"${policy.nome}";r=0;t=${waitSeconds}`,
          },
        });
      }
      bucket.tokens -= 1;
      const resetSeconds = Math.ceil((policy.burst - bucket.tokens) / policy.perSecond);
      return {
        'RateLimit-Policy': policyHeader,
        RateLimit: `"${policy.nome}";r=${Math.floor(bucket.tokens)};t=${resetSeconds}`,
      };
    },
  };
}
