/** A self-signed certificate, made by openssl. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function selfSigned(name: string): { cert: string; key: string } {
  const openssl = Bun.which('openssl');
  if (!openssl) throw new Error('openssl is missing: install the Debian package openssl');
  const folder = mkdtempSync(join(tmpdir(), 'narcidi-cert-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const names = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name},IP:127.0.0.1`];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const { exitCode, stderr } = Bun.spawnSync([
    openssl,
    'req',
    '-x509',
    ...kind,
    '-keyout',
    key,
    '-out',
    cert,
    ...names,
  ]);
  if (exitCode !== 0) throw new Error(stderr.toString());
  const pair = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  rmSync(folder, { recursive: true });
  return pair;
}
