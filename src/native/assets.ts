/** Files served from inside the executable, so that every page works without internet. */

import { createHash } from 'node:crypto';
import { compressedScalar } from './scalar-source';

export interface Asset {
  body: Uint8Array<ArrayBuffer>;
  encoding: 'br';
  etag: string;
}

/** The script of the API documentation page (@scalar/api-reference). Read when asked for, not kept in memory. */
export function scalarScript(): Asset {
  const body = new Uint8Array(compressedScalar());
  return { body, encoding: 'br', etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` };
}
