import { beforeEach, describe, expect, test } from 'bun:test';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { disbelief, type Estado, isStale, type Received } from '../../src/agent/estado.model';
import type { PublicJwk } from '../../src/agent/server-api';
import { type Claims, createTrust, KeysUnavailable } from '../../src/agent/trust';

function newKey(kid: string): { privateKey: KeyObject; jwk: PublicJwk } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { privateKey, jwk: { kty: 'OKP', crv: 'Ed25519', x: String(publicKey.export({ format: 'jwk' }).x), kid } };
}

const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const claims: Claims = {
  iat: 10_000,
  exp: 20_000,
  sub: 'licenca',
  impressao: 'minha',
  valida: false,
  codigo: 'BLOQUEADA',
  revisao: 3,
  bloqueada: true,
};

function jws({ privateKey, jwk }: ReturnType<typeof newKey>, header: object = {}): string {
  const input = `${base64url({ alg: 'EdDSA', kid: jwk.kid, ...header })}.${base64url(claims)}`;
  return `${input}.${sign(null, Buffer.from(input), privateKey).toString('base64url')}`;
}

describe('what is signed', () => {
  const pinned = newKey('a');
  const added = newKey('b');
  let served: PublicJwk[] | null;
  let kept: string[];
  let ticks: number;
  let trust: ReturnType<typeof createTrust>;
  beforeEach(() => {
    served = [pinned.jwk];
    kept = [];
    ticks = 0;
    trust = createTrust({
      pinned: [pinned.jwk],
      fetchKeys: () => (served ? Promise.resolve(served) : Promise.reject(new Error('no network'))),
      keep: (keys) => {
        kept = keys.map(({ kid }) => kid);
      },
      ticks: () => ticks,
    });
  });

  test('by the pinned key is believed, with no server to ask', async () => {
    served = null;
    expect(await trust.claims(jws(pinned))).toEqual(claims);
  });

  test('by another key of the same name, or altered, or not signed at all, is not', async () => {
    const good = jws(pinned);
    const altered = good.replace(/\.[^.]+\./, `.${base64url({ ...claims, bloqueada: false })}.`);
    for (const bad of [
      jws(newKey('a')),
      altered,
      jws(pinned, { alg: 'none' }),
      jws(pinned, { alg: 'HS256' }),
      'a.b',
      '',
      `${good}.x`,
    ]) {
      await expect(trust.claims(bad)).rejects.toThrow();
    }
  });

  test('by a key the server has added since is believed, and the key kept', async () => {
    served = [pinned.jwk, added.jwk];
    expect(await trust.claims(jws(added))).toEqual(claims);
    expect(kept).toEqual(['a', 'b']);
    // What the older key signed still counts.
    expect(await trust.claims(jws(pinned))).toEqual(claims);
  });

  test('by the keys of another installation is not', async () => {
    served = [added.jwk];
    await expect(trust.claims(jws(added))).rejects.toThrow('not those this machine registered with');
    expect(kept).toEqual([]);
  });

  test('cannot be judged while the keys cannot be fetched, and is to be sent again', async () => {
    served = null;
    await expect(trust.claims(jws(added))).rejects.toBeInstanceOf(KeysUnavailable);
    served = [pinned.jwk, added.jwk];
    expect(await trust.claims(jws(added))).toEqual(claims);
  });
});

describe('a state', () => {
  const estado: Estado = { bloqueada: true, codigo: 'BLOQUEADA', motivo: null, revisao: 3, certificado: '' };
  const last: Received = {
    estado,
    iat: 10_000,
    exp: 20_000,
    aplicado: true,
    confirmado: true,
    vencimentoAvisado: false,
  };

  test('has to say what its certificate says', () => {
    expect(disbelief(estado, claims, 'minha')).toBeNull();
    expect(disbelief(estado, claims, 'outra')).toContain('another machine');
    expect(disbelief({ ...estado, bloqueada: false }, claims, 'minha')).toContain('block');
    expect(disbelief({ ...estado, revisao: 9 }, claims, 'minha')).toContain('revision');
    const { bloqueada: _, revisao: __, ...plain } = claims;
    expect(disbelief({ ...estado, bloqueada: false, codigo: 'VALIDA' }, plain, 'minha')).toContain('code');
  });

  test.each([
    ['the same again', 3, 10_000, false],
    ['a newer one', 4, 10_001, false],
    ['a newer one by a clock that was set back', 4, 9_000, false],
    ['one of a server restored from its backup', 2, 10_500, false],
    ['an old one, repeated', 2, 9_000, true],
  ])('%s: revision %d signed at %d is stale: %p', (_, revisao, iat, stale) => {
    expect(isStale({ ...estado, revisao }, { ...claims, revisao, iat }, last)).toBe(stale);
  });
});
