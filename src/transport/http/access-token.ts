/** Access tokens: JWT by HS256 through @elysiajs/jwt, on the installation's clock. */

import { jwt } from '@elysiajs/jwt';
import type { Clock } from '../../core/clock';
import type { AccessTokens } from '../../modules/acesso/acesso.service';

const issuer = 'narcidicontrol';
const audience = 'narcidicontrol/api';

export function createAccessTokens(secret: string, clock: Clock): AccessTokens {
  const { jwt: tokens } = jwt({ name: 'jwt', secret, alg: 'HS256', iss: issuer, aud: audience, iat: false }).decorator;
  return {
    sign: ({ sub, sid, scope, exp }) =>
      tokens.sign({ sub, exp, ...(sid === null ? {} : { sid }), ...(scope === null ? {} : { scope }) }),
    verify: async (token) => {
      // Only HS256: a token that names another algorithm, or none, is refused whatever it says.
      const claims = await tokens.verify(token, {
        algorithms: ['HS256'],
        issuer,
        audience,
        currentDate: new Date(clock.now()),
        requiredClaims: ['exp', 'sub'],
      });
      if (!claims) return null;
      const { sub, sid = null, scope = null } = claims as { sub?: unknown; sid?: unknown; scope?: unknown };
      if (typeof sub !== 'string' || !isTextOrNull(sid) || !isTextOrNull(scope)) return null;
      return { sub, sid, scope };
    },
  };
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}
