/**
 * The installation's keys, one file each in `keys/`, mode 0600: without them a copy of the databases opens nothing.
 *
 * - `lookup.key`: HMAC-SHA-256, under which keys and tokens are looked up.
 * - `seal.key`: AES-256-GCM, for what an administrator may see again.
 * - `jwt.key`, `jwt-<epoch ms>.key`: HS256 secrets of the access tokens; the newest signs, the one before it verifies for
 *   as long as its last tokens live.
 * - `assinatura-<kid>.pem`: Ed25519 keys that sign certificates; all verify, the newest signs.
 */

import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { OperationalError } from '../../core/operational-error';

const secretBytes = 32;
const gcmNonceBytes = 12;
const gcmTagBytes = 16;
const kidCharacters = 16;

export interface Jwk {
  kty: string;
  crv: string;
  x: string;
  kid: string;
  use: 'sig';
  alg: 'EdDSA';
}

export interface Keyring {
  /** The look-up value of a secret; `purpose` keeps equal texts of different kinds apart. */
  lookup(purpose: string, secret: string): string;
  /** Encrypts with AES-256-GCM; `purpose` is authenticated, so that a sealed value cannot be moved elsewhere. */
  seal(purpose: string, text: string): string;
  /** @throws Error when the value was altered, moved, or sealed under another key. */
  open(purpose: string, sealed: string): string;
  /** A compact JWS (RFC 7515) by the newest Ed25519 key (RFC 8037). */
  signJws(claims: object): string;
  /** A detached Ed25519 signature (RFC 8032) over bytes, base64url, by the newest key. */
  signDetached(bytes: Uint8Array): { assinatura: string; kid: string };
  /** The public half of every signing key, RFC 7517. */
  jwks(): { keys: Jwk[] };
  /**
   * Adds a key for certificates and one for access tokens, which sign from now on; what older ones signed still verifies.
   * @param nowMs the business time, epoch milliseconds.
   * @returns the kid of the one for certificates.
   */
  rotate(nowMs: number): string;
  /** The secrets of access tokens, newest first. */
  jwtKeys(): readonly JwtKey[];
}

export interface JwtKey {
  kid: string;
  secret: string;
  /** When a newer one took its place, epoch milliseconds; null for the newest. */
  replacedMs: number | null;
}

/** Opens the keys of a data folder, making those that are missing. */
export function openKeyring(folder: string): Keyring {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const lookupKey = secretFile(join(folder, 'lookup.key'));
  const sealKey = secretFile(join(folder, 'seal.key'));
  secretFile(join(folder, 'jwt.key'));
  let signing = loadSigning(folder);
  let jwtKeys = loadJwtKeys(folder);

  /** Another process may have rotated the keys: a new file changes the folder's time, and asking costs a microsecond. */
  function present(): SigningKeys {
    if (statSync(folder).mtimeMs !== signing.folderMtimeMs) reload();
    return signing;
  }

  function reload(): void {
    signing = loadSigning(folder);
    jwtKeys = loadJwtKeys(folder);
  }

  return {
    lookup: (purpose, secret) => createHmac('sha256', lookupKey).update(`${purpose}\0${secret}`).digest('base64url'),
    seal: (purpose, text) => {
      const nonce = randomBytes(gcmNonceBytes);
      const cipher = createCipheriv('aes-256-gcm', sealKey, nonce).setAAD(Buffer.from(purpose));
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, body, cipher.getAuthTag()]).toString('base64url');
    },
    open: (purpose, sealed) => {
      const bytes = Buffer.from(sealed, 'base64url');
      const nonce = bytes.subarray(0, gcmNonceBytes);
      const tag = bytes.subarray(bytes.length - gcmTagBytes);
      const decipher = createDecipheriv('aes-256-gcm', sealKey, nonce).setAAD(Buffer.from(purpose)).setAuthTag(tag);
      const body = bytes.subarray(gcmNonceBytes, bytes.length - gcmTagBytes);
      return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
    },
    signJws: (claims) => {
      const { header, privateKey } = present();
      const input = `${header}.${base64url(JSON.stringify(claims))}`;
      return `${input}.${sign(null, Buffer.from(input), privateKey).toString('base64url')}`;
    },
    signDetached: (bytes) => {
      const { kid, privateKey } = present();
      return { assinatura: sign(null, bytes, privateKey).toString('base64url'), kid };
    },
    jwks: () => ({ keys: present().jwks }),
    rotate: (nowMs) => {
      writeSecret(join(folder, `jwt-${nowMs}.key`), randomBytes(secretBytes));
      const kid = addSigningKey(folder);
      reload();
      return kid;
    },
    jwtKeys: () => {
      present();
      return jwtKeys;
    },
  };
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}

function secretFile(path: string): Buffer {
  if (!existsSync(path)) writeSecret(path, randomBytes(secretBytes));
  const bytes = readFileSync(path);
  if (bytes.length !== secretBytes) throw new OperationalError(`${path} is damaged: restore it from a backup`);
  return bytes;
}

/** The secrets of access tokens, newest first. The name says when each came, the first has always been there. */
function loadJwtKeys(folder: string): JwtKey[] {
  const files = readdirSync(folder).flatMap((name) => {
    const [, madeMs] = /^jwt(?:-(\d+))?\.key$/.exec(name) ?? [name, null];
    return madeMs === null ? [] : [{ path: join(folder, name), madeMs: Number(madeMs ?? 0) }];
  });
  files.sort((a, b) => b.madeMs - a.madeMs);
  return files.map(({ path }, n) => {
    const secret = secretFile(path);
    const kid = createHash('sha256').update('jwt').update(secret).digest('base64url').slice(0, kidCharacters);
    return { kid, secret: secret.toString('base64url'), replacedMs: files[n - 1]?.madeMs ?? null };
  });
}

/** Written beside and renamed, so that a crash leaves either no key or a whole one. */
function writeSecret(path: string, bytes: Uint8Array): void {
  const part = `${path}.part`;
  const file = openSync(part, 'w', 0o600);
  writeSync(file, bytes);
  fsyncSync(file);
  closeSync(file);
  renameSync(part, path);
}

interface SigningKey {
  privateKey: KeyObject;
  jwk: Jwk;
  createdMs: number;
}

interface SigningKeys {
  folderMtimeMs: number;
  /** The protected header and the key that sign. */
  header: string;
  kid: string;
  privateKey: KeyObject;
  jwks: Jwk[];
}

/** Loads every signing key, making the first. */
function loadSigning(folder: string): SigningKeys {
  const { mtimeMs } = statSync(folder);
  const keys = signingKeys(folder);
  const current = keys.at(-1);
  if (!current) {
    addSigningKey(folder);
    return loadSigning(folder);
  }
  const { kid } = current.jwk;
  const header = base64url(JSON.stringify({ alg: 'EdDSA', typ: 'JWT', kid }));
  return { folderMtimeMs: mtimeMs, header, kid, privateKey: current.privateKey, jwks: keys.map((key) => key.jwk) };
}

function addSigningKey(folder: string): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  const { kid } = publicJwk(privateKey);
  writeSecret(join(folder, `assinatura-${kid}.pem`), Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' })));
  return kid;
}

/** All signing keys, oldest first. */
function signingKeys(folder: string): SigningKey[] {
  return readdirSync(folder)
    .filter((name) => /^assinatura-.+\.pem$/.test(name))
    .map((name) => {
      const path = join(folder, name);
      const privateKey = createPrivateKey(readFileSync(path));
      return { privateKey, jwk: publicJwk(privateKey), createdMs: statSync(path).mtimeMs };
    })
    .sort((a, b) => a.createdMs - b.createdMs);
}

/** The public JWK; its `kid` is the RFC 7638 thumbprint. */
function publicJwk(privateKey: KeyObject): Jwk {
  const exported = createPublicKey(privateKey).export({ format: 'jwk' });
  const { x } = exported;
  if (typeof x !== 'string') throw new OperationalError('a signing key is not Ed25519');
  const thumbprint = createHash('sha256')
    .update(JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x }))
    .digest('base64url');
  return { kty: 'OKP', crv: 'Ed25519', x, kid: thumbprint, use: 'sig', alg: 'EdDSA' };
}
