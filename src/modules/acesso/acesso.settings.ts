/** Settings of access. */

import { integer, text } from '../../core/settings';

const yearSeconds = 31_536_000;

export const acessoSettings = {
  adminEmail: text(
    { env: 'NARCIDI_ADMIN_EMAIL', description: 'unattended first run: creates this administrator if there is none' },
    '',
  ),
  adminPassword: text({ env: 'NARCIDI_ADMIN_PASSWORD', description: 'its password', secret: true }, ''),
  tokenTtlSeconds: integer(
    { env: 'NARCIDI_TOKEN_TTL', description: 'life of an access token, seconds' },
    900,
    1,
    yearSeconds,
  ),
  refreshTtlSeconds: integer(
    { env: 'NARCIDI_REFRESH_TTL', description: 'life of a refresh token, seconds' },
    2_592_000,
    1,
    yearSeconds,
  ),
};
