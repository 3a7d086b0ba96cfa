/**
 * Whose word counts: the Ed25519 keys pinned at registration, and what they have signed. Nothing else of what arrives is
 * believed, whoever carries it.
 */

import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { Type } from '@sinclair/typebox';
import { parseJson } from './files';
import type { PublicJwk } from './server-api';

/** A flood of unknown key ids must not become a flood of questions. */
const refreshEveryMsMin = 60_000;

const headerSchema = Type.Object({ alg: Type.Literal('EdDSA'), kid: Type.String() });

/** What a state's certificate says; the names the server adds later are optional. */
export const claimsSchema = Type.Object({
  iat: Type.Integer(),
  exp: Type.Integer(),
  sub: Type.String(),
  impressao: Type.Union([Type.String(), Type.Null()]),
  valida: Type.Boolean(),
  codigo: Type.String(),
  revisao: Type.Optional(Type.Integer()),
  bloqueada: Type.Optional(Type.Boolean()),
});
export type Claims = typeof claimsSchema.static;

/** Who signed cannot be told now, for the server's keys could not be fetched: ask again. */
export class KeysUnavailable extends Error {}

interface Dependencies {
  pinned: readonly PublicJwk[];
  /** Fetches the server's present keys. */
  fetchKeys(): Promise<PublicJwk[]>;
  /** Keeps the keys trusted from now on. */
  keep(keys: readonly PublicJwk[]): void;
  /** Monotonic milliseconds. */
  ticks(): number;
}

export type Trust = ReturnType<typeof createTrust>;

export function createTrust({ pinned, fetchKeys, keep, ticks }: Dependencies) {
  let keys = new Map(pinned.map((jwk) => [jwk.kid, { jwk, key: publicKey(jwk) }]));
  let refreshedAt = Number.NEGATIVE_INFINITY;

  /**
   * Takes up keys that were added since. A set that holds none of those we trust is another installation's and is
   * refused; what was trusted stays trusted, for a certificate outlives the rotation of its key.
   */
  async function refresh(): Promise<void> {
    if (ticks() - refreshedAt < refreshEveryMsMin) return;
    const fetched = await fetchKeys().catch((error: unknown) => {
      throw new KeysUnavailable('the keys of the server could not be fetched', { cause: error });
    });
    refreshedAt = ticks();
    const known = fetched.some(({ kid, x }) => keys.get(kid)?.jwk.x === x);
    if (!known) throw new Error('the keys of the server are not those this machine registered with');
    const added = fetched.filter(({ kid }) => !keys.has(kid));
    if (added.length === 0) return;
    keys = new Map([...keys, ...added.map((jwk) => [jwk.kid, { jwk, key: publicKey(jwk) }] as const)]);
    keep([...keys.values()].map(({ jwk }) => jwk));
  }

  return {
    /**
     * Verifies a compact JWS (RFC 7515, EdDSA by RFC 8037) and reads its claims.
     * @throws KeysUnavailable; Error when it is not one, not as expected, or not signed by a trusted key.
     */
    async claims(jws: string): Promise<Claims> {
      const [header, payload, signature, ...more] = jws.split('.');
      if (!header || !payload || !signature || more.length > 0) throw new Error('not a compact JWS');
      const { kid } = parseJson(text(header), headerSchema) ?? {};
      if (kid === undefined) throw new Error('the header is not that of an EdDSA signature');
      if (!keys.has(kid)) await refresh();
      const signer = keys.get(kid);
      if (!signer) throw new Error(`signed by an unknown key ${kid}`);
      if (!verify(null, Buffer.from(`${header}.${payload}`), signer.key, Buffer.from(signature, 'base64url'))) {
        throw new Error('the signature does not verify');
      }
      const claims = parseJson(text(payload), claimsSchema);
      if (!claims) throw new Error('the claims are not as expected');
      return claims;
    },

    /** Whether a detached Ed25519 signature over these bytes is by a trusted key. @throws KeysUnavailable */
    async signed(bytes: Uint8Array, signature: string): Promise<boolean> {
      const raw = Buffer.from(signature, 'base64url');
      const byAny = (): boolean => [...keys.values()].some(({ key }) => verify(null, bytes, key, raw));
      if (byAny()) return true;
      await refresh();
      return byAny();
    },
  };
}

function publicKey({ kty, crv, x }: PublicJwk): KeyObject {
  return createPublicKey({ key: { kty, crv, x }, format: 'jwk' });
}

function text(base64url: string): string {
  return Buffer.from(base64url, 'base64url').toString('utf8');
}
