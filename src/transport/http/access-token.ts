/** Access tokens: JWT by HS256 through @elysiajs/jwt, on the installation's clock. */

import { jwt } from '@elysiajs/jwt';
import { type Clock, secondMs } from '../../core/clock';
import type { AccessClaims, AccessTokens } from '../../modules/acesso/sessao.service';
import type { JwtKey } from '../../storage/keys/keyring';

const issuer = 'narcidicontrol';
const audience = 'narcidicontrol/api';

interface Dependencies {
  keyring: { jwtKeys(): readonly JwtKey[] };
  clock: Clock;
  /** How long an access token lives; a key that was replaced verifies for as long. */
  ttlSeconds: number;
}

export function createAccessTokens({ keyring, clock, ttlSeconds }: Dependencies): AccessTokens {
  /** By kid: as many as there are key files. */
  const tokensOf = new Map<string, ReturnType<typeof tokens>>();

  function using(key: JwtKey): ReturnType<typeof tokens> {
    const known = tokensOf.get(key.kid) ?? tokens(key);
    tokensOf.set(key.kid, known);
    return known;
  }

  return {
    sign: async ({ sub, sid, scope, exp }) => {
      const [newest] = keyring.jwtKeys();
      if (!newest) throw new Error('there is no key for access tokens');
      const claims = { sub, exp, ...(sid === null ? {} : { sid }), ...(scope === null ? {} : { scope }) };
      return using(newest).sign(claims);
    },

    verify: async (token) => {
      const kid = kidOf(token);
      const key = keyring.jwtKeys().find((one) => one.kid === kid);
      if (!key) return null;
      const now = clock.now();
      if (key.replacedMs !== null && now >= key.replacedMs + ttlSeconds * secondMs) return null;
      // Only HS256: a token that names another algorithm, or none, is refused whatever it says.
      const claims = await using(key).verify(token, {
        algorithms: ['HS256'],
        issuer,
        audience,
        currentDate: new Date(now),
        requiredClaims: ['exp', 'sub'],
      });
      return claims ? readClaims(claims) : null;
    },
  };
}

function tokens({ kid, secret }: JwtKey) {
  return jwt({ name: 'jwt', secret, alg: 'HS256', kid, iss: issuer, aud: audience, iat: false }).decorator.jwt;
}

/** The key a token names, not believed before the signature is. */
function kidOf(token: string): string | null {
  try {
    const header: unknown = JSON.parse(Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString('utf8'));
    if (typeof header !== 'object' || header === null || !('kid' in header)) return null;
    return typeof header.kid === 'string' ? header.kid : null;
  } catch {
    return null;
  }
}

function readClaims(claims: object): AccessClaims | null {
  const { sub, sid = null, scope = null } = claims as { sub?: unknown; sid?: unknown; scope?: unknown };
  return typeof sub === 'string' && isTextOrNull(sid) && isTextOrNull(scope) ? { sub, sid, scope } : null;
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}
