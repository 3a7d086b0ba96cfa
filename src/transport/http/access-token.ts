/** Access tokens: JWT by HS256 through @elysiajs/jwt, on the installation's clock. */

import { jwt } from '@elysiajs/jwt';
import type { Clock } from '../../core/clock';
import type { AccessTokens } from '../../modules/acesso/acesso.service';

const issuer = 'narcidicontrol';
const audience = 'narcidicontrol/api';

export function createAccessTokens(secret: string, clock: Clock): AccessTokens {
  const { jwt: tokens } = jwt({ name: 'jwt', secret, alg: 'HS256', iss: issuer, aud: audience, iat: false }).decorator;
  return {
    sign: (claims) => tokens.sign(claims),
    verify: async (token) => {
      // Only HS256: a token that names another algorithm, or none, is refused whatever it says.
      const claims = await tokens.verify(token, {
        algorithms: ['HS256'],
        issuer,
        audience,
        currentDate: new Date(clock.now()),
        requiredClaims: ['exp', 'sub', 'sid'],
      });
      if (!claims) return null;
      const { sub, sid } = claims as { sub?: unknown; sid?: unknown };
      return typeof sub === 'string' && typeof sid === 'string' ? { sub, sid } : null;
    },
  };
}
