/**
 * The disk fills up in the middle of an upload: the sender is told so, nothing of it is left, and the server goes on. Against
 * the executable, whose folder of versions is a small file system of its own; where that cannot be mounted, a limit on the
 * size of a file ends the upload instead.
 */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { adminClient } from '../support/app';
import { type Running, scratch, serve } from '../support/executable';
import { publisher } from '../support/versoes';

const roomBytes = 8 * 1024 ** 2;
const mounted = `mkdir -p "$NARCIDI_DATA/versoes" && mount -t tmpfs -o size=${roomBytes} tmpfs "$NARCIDI_DATA/versoes"`;
const limited = `ulimit -f ${roomBytes / 512}; trap '' XFSZ`;
const run = 'exec "$0" "$@"';

/** Both ways are real: ENOSPC where a namespace can be had, else EFBIG. */
function wrapper(folder: string): string[] {
  const namespace = ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c'];
  const env = { ...process.env, NARCIDI_DATA: folder };
  const tried = Bun.which('unshare') ? Bun.spawnSync([...namespace, mounted], { env }) : null;
  return tried?.success ? [...namespace, `${mounted} && ${run}`] : ['sh', '-c', `${limited}; ${run}`];
}

const folder = scratch();
const data = join(folder.path, 'data');
let running: Running;
beforeAll(async () => {
  running = await serve(data, { NARCIDI_DATA: data }, folder.path, wrapper(data));
});
afterAll(async () => {
  await running.signal('SIGTERM');
  folder.remove();
});

/** The folder of versions as the server sees it, in its own namespace. */
function leftBehind(): string[] {
  const pid = running.lines.find(({ msg }) => msg === 'ready')?.pid;
  const inside = join(`/proc/${pid}/root`, data, 'versoes/recebendo');
  if (!existsSync(inside)) throw new Error(`${inside} cannot be seen`);
  return readdirSync(inside);
}

describe('a disk that is full', () => {
  test('refuses the upload with 507, keeps nothing of it, and has room again for what fits', async () => {
    const { send, raw } = await publisher(running);
    const tooMuch = await send({ versao: '1.0.0' }, new Uint8Array(roomBytes * 2));
    expect([tooMuch.status, tooMuch.body.codigo, tooMuch.body.definitivo]).toEqual([507, 'ARMAZENAMENTO_CHEIO', false]);
    expect(leftBehind()).toEqual([]);
    const call = await adminClient(running.url);
    expect((await call('GET', '/uploads/versao?total=true')).body.total).toBe(0);
    const fits = await send({ versao: '1.0.0' }, new Uint8Array(roomBytes / 2));
    expect(fits.status).toBe(201);
    expect((await (await raw(`/uploads/download/${fits.body.id}`)).arrayBuffer()).byteLength).toBe(roomBytes / 2);
  });
});
