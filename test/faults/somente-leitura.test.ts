/** A data folder that cannot be written: the server says so in one line instead of beginning what it cannot finish. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { adminClient, createLicenca } from '../support/app';
import { executable, scratch, serve } from '../support/executable';

let folder: ReturnType<typeof scratch>;
beforeAll(() => {
  folder = scratch();
});
afterAll(() => folder.remove());

describe('a read-only disk', () => {
  test('ends the start with its name, changes nothing, and is served again once it can be written', async () => {
    const data = join(folder.path, 'data');
    const before = await serve(data);
    const { licenca } = await createLicenca({ call: await adminClient(before.url) });
    expect(await before.signal('SIGTERM')).toBe(0);

    const mount = `mount --bind "${data}" "${data}" && mount -o remount,bind,ro "${data}" && exec "$0" "$@"`;
    const start = [executable, 'serve', '--data', data, '--port', '0', '--mqtt-port', '0'];
    const refused = Bun.spawnSync(['unshare', '-rm', 'sh', '-c', mount, ...start], { cwd: folder.path });
    expect([refused.exitCode, refused.stderr.toString().trim()]).toEqual([
      1,
      `narcidicontrol: the data folder ${data} cannot be written (EROFS)`,
    ]);

    const after = await serve(data);
    const read = await (await adminClient(after.url))('GET', `/licencas/${licenca.id}`);
    expect(read.body.chave_prefixo).toBe(licenca.chave_prefixo);
    expect(await after.signal('SIGTERM')).toBe(0);
  });
});
