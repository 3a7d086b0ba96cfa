/** The file system of the Docker image, entered as its user with nothing else to be seen: a kernel is all that Docker adds. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join, resolve } from 'node:path';
import { scratch } from '../support/executable';
import { logLines } from '../support/log-lines';

const docker = resolve(import.meta.dir, '../../scripts/docker');
const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn('not root: the file system of the image was not entered');

describe('the image', () => {
  let folder: ReturnType<typeof scratch>;
  beforeAll(() => {
    folder = scratch();
  });
  afterAll(() => folder.remove());

  test.skipIf(!isRoot)(
    'serves, is healthy, makes a backup and ends, as nobody in particular and without a shell',
    async () => {
      const root = join(folder.path, 'rootfs');
      expect(await Bun.spawn([join(docker, 'rootfs'), root], { stdio: ['ignore', 'inherit', 'inherit'] }).exited).toBe(
        0,
      );
      const enter = (...args: string[]) =>
        Bun.spawn(
          [
            ...[
              'unshare',
              '--mount',
              'sh',
              '-c',
              'mount --rbind /proc "$0/proc" && mount --rbind /dev "$0/dev" && exec "$@"',
            ],
            ...[root, 'chroot', '--userspec=65532:65532', root, '/narcidicontrol', ...args],
          ],
          {
            env: { PATH: process.env.PATH ?? '', NARCIDI_DATA: '/data', NARCIDI_HOST: '0.0.0.0' },
            stdio: ['ignore', 'pipe', 'pipe'],
          },
        );
      const server = enter('serve', '--port', '0', '--mqtt-port', '0');
      const ready = await logLines(server).line(({ msg }) => msg === 'ready');
      const { port } = new URL(String(ready.url));
      const healthy = enter('health', '--port', port);
      expect(await new Response(healthy.stdout).text()).toBe('ok\n');
      const backup = enter('backup', 'create');
      expect(await new Response(backup.stdout).text()).toContain('/data/backups/');
      server.kill('SIGTERM');
      expect(await server.exited).toBe(0);
      const gone = enter('health', '--port', port);
      expect(await gone.exited).toBe(1);
      expect(await new Response(gone.stderr).text()).toContain('nothing answers');
    },
  );
});
