/** The Python SDK verifies Ed25519 by itself: the vectors of RFC 8032 section 7.1, and what must not verify. */

import { describe, expect, test } from 'bun:test';
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { resolve } from 'node:path';

const python = resolve(import.meta.dir, '../../src/sdk/python');
const program = `import json, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
from narcidicontrol import ed25519_confere
print(json.dumps([ed25519_confere(*map(bytes.fromhex, case)) for case in json.load(sys.stdin)]))`;

type Case = readonly [key: string, data: string, signature: string];

function verify(cases: readonly Case[]): boolean[] {
  const stdin = Buffer.from(JSON.stringify(cases));
  const { stdout, stderr, success } = Bun.spawnSync(['python3', '-c', program, python], { stdin });
  if (!success) throw new Error(stderr.toString());
  return JSON.parse(stdout.toString()) as boolean[];
}

const vectors: readonly Case[] = [
  [
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
  [
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  ],
];

/** The order of the group: a signature whose second half is not below it is another spelling of a valid one. */
const order = 2n ** 252n + 27742317777372353535851937790883648493n;

function respelled(signature: string): string {
  const s = BigInt(`0x${Buffer.from(signature.slice(64), 'hex').reverse().toString('hex')}`) + order;
  return signature.slice(0, 64) + Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse().toString('hex');
}

describe('Ed25519 in Python', () => {
  test('verifies the vectors of RFC 8032 and what OpenSSL signs', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const key = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url').toString('hex');
    const own = Array.from({ length: 20 }, (_, n): Case => {
      const data = randomBytes(n * 7);
      return [key, data.toString('hex'), sign(null, data, privateKey).toString('hex')];
    });
    expect(verify([...vectors, ...own])).toEqual([...vectors, ...own].map(() => true));
  });

  test('refuses altered data, keys and signatures, other spellings and lengths', () => {
    const [[key, data, signature] = ['', '', ''], [otherKey] = ['']] = [vectors[1], vectors[0]];
    const flipped = (hex: string, at: number) => hex.slice(0, at) + (hex[at] === '0' ? '1' : '0') + hex.slice(at + 1);
    const cases: Case[] = [
      [key, '73', signature],
      [otherKey, data, signature],
      [key, data, flipped(signature, 3)],
      [key, data, flipped(signature, 70)],
      [key, data, respelled(signature)],
      [key, data, signature.slice(2)],
      [key.slice(2), data, signature],
      ['ff'.repeat(32), data, signature],
      [key, data, 'ff'.repeat(64)],
      ['', '', ''],
    ];
    expect(verify(cases)).toEqual(cases.map(() => false));
  });
});
