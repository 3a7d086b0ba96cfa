/** Files of versions on the disk of an installation: `doctor` reads every one, and a start takes away what nobody refers to. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run, scratch, serve } from '../support/executable';
import { publisher, sha256 } from '../support/versoes';

const folder = scratch();
const data = join(folder.path, 'data');
const place = (content: string): string => join(data, 'versoes', sha256(content).slice(0, 2), sha256(content));

beforeAll(async () => {
  const server = await serve(data);
  const { publish } = await publisher(server);
  await publish({ versao: '1.0.0' }, 'um', 'um.bin');
  await publish({ versao: '1.1.0' }, 'dois', 'dois.bin');
  await server.signal('SIGTERM');
});
afterAll(() => folder.remove());

const doctor = () => run(['doctor', '--data', data, '--port', '0', '--mqtt-port', '0']);

describe('doctor', () => {
  test('finds every file as it was sent', async () => {
    const { exitCode, stdout } = await doctor();
    expect(stdout).toMatch(/^ok +versions +every one of 2 files has the hash it is named by$/m);
    expect(exitCode).toBe(0);
  });

  test('tells of a file that was altered and one that is missing', async () => {
    const before = readFileSync(place('um'));
    writeFileSync(place('um'), 'UM');
    rmSync(place('dois'));
    const { exitCode, stdout } = await doctor();
    expect(stdout).toMatch(
      /^FAIL +versions +(?=.*um\.bin of 1\.0\.0 was altered)(?=.*dois\.bin of 1\.1\.0 is missing)/m,
    );
    expect(exitCode).toBe(1);
    writeFileSync(place('um'), before);
    writeFileSync(place('dois'), 'dois');
    expect((await doctor()).exitCode).toBe(0);
  });
});

describe('a start', () => {
  test('takes away half an upload and a content nobody refers to, and leaves the rest', async () => {
    const part = join(data, 'versoes/recebendo/metade.part');
    writeFileSync(part, 'meta');
    mkdirSync(dirname(place('de ninguém')), { recursive: true });
    writeFileSync(place('de ninguém'), 'de ninguém');
    const server = await serve(data);
    await server.signal('SIGTERM');
    expect([existsSync(part), existsSync(place('de ninguém'))]).toEqual([false, false]);
    expect([existsSync(place('um')), existsSync(place('dois'))]).toEqual([true, true]);
    expect((await doctor()).stdout).toContain('every one of 2 files');
  });
});
