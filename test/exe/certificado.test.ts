import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createPublicKey } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLocalJWKSet, type JWK, jwtVerify } from 'jose';
import { adminClient, createLicenca } from '../support/app';
import { type Running, run, scratch, serve } from '../support/executable';

let folder: ReturnType<typeof scratch>;
let server: Running;
beforeAll(async () => {
  folder = scratch();
  server = await serve(join(folder.path, 'data'));
});
afterAll(async () => {
  await server.signal('SIGTERM');
  folder.remove();
});

const jwksOf = async () => (await (await fetch(`${server.url}/.well-known/jwks.json`)).json()) as { keys: JWK[] };

async function certificate(): Promise<string> {
  const { licenca } = await createLicenca({ call: await adminClient(server.url) });
  return (
    (await (await fetch(`${server.url}/api/v1/licencas/verificar/${licenca.chave}`)).json()) as { certificado: string }
  ).certificado;
}

describe('a certificate', () => {
  test('verifies by openssl alone, and an altered one does not', async () => {
    const openssl = Bun.which('openssl');
    if (!openssl) throw new Error('openssl is missing: install the Debian package openssl');
    const [jwk] = (await jwksOf()).keys;
    if (!jwk) throw new Error('no key in the JWKS');
    const pem = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    const [header, payload, signature] = (await certificate()).split('.');
    const file = (name: string, content: string | Uint8Array): string => {
      const path = join(folder.path, name);
      writeFileSync(path, content);
      return path;
    };
    const verify = async (signed: string): Promise<number> => {
      const args = [
        'pkeyutl',
        '-verify',
        '-pubin',
        '-inkey',
        file('key.pem', pem),
        '-rawin',
        '-in',
        file('input', signed),
      ];
      const child = Bun.spawn([openssl, ...args, '-sigfile', file('sig', Buffer.from(signature ?? '', 'base64url'))], {
        stdout: 'ignore',
        stderr: 'ignore',
      });
      return child.exited;
    };
    expect(await verify(`${header}.${payload}`)).toBe(0);
    expect(await verify(`${header}.${payload?.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))}`)).not.toBe(0);
  });

  test('of a rotated key still verifies; new ones are by the new key, without a restart', async () => {
    const before = await certificate();
    const { stdout, exitCode } = await run(['keys', 'rotate', '--data', join(folder.path, 'data')]);
    expect(exitCode).toBe(0);
    const after = await certificate();
    const keys = createLocalJWKSet(await jwksOf());
    const [old, fresh] = await Promise.all([before, after].map((jws) => jwtVerify(jws, keys)));
    expect(stdout).toContain(fresh?.protectedHeader.kid ?? 'no kid');
    expect(old?.protectedHeader.kid).not.toBe(fresh?.protectedHeader.kid);
  });
});
