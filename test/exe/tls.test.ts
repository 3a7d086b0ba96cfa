import { expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, scratch } from '../support/executable';

test('serve refuses a certificate it cannot use, in one line', async () => {
  const folder = scratch();
  const [cert = '', key = ''] = ['cert.pem', 'key.pem'].map((name) => join(folder.path, name));
  writeFileSync(cert, 'not a certificate');
  const data = join(folder.path, 'data');
  const serve = (...args: string[]) =>
    run(['serve', '--data', data, '--port', '0', '--mqtt-port', '0', '--tls-cert', cert, ...args]);
  for (const args of [[], ['--tls-key', key]]) {
    const { exitCode, stderr } = await serve(...args);
    expect(exitCode).toBe(1);
    expect(stderr.trim().split('\n').length).toBe(1);
    expect(stderr).toContain('TLS');
  }
  folder.remove();
});
