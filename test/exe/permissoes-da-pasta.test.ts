import { expect, test } from 'bun:test';
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, scratch, serve } from '../support/executable';

test('what others could read in the data folder is closed at start, and told', async () => {
  const { path, remove } = scratch();
  const first = await serve(path);
  await first.signal('SIGTERM');
  writeFileSync(join(path, 'config.json'), '{"log_level": "info"}');
  const open = ['.', 'config.json', 'narcidi.db', 'keys', 'keys/jwt.key'].map((name) => join(path, name));
  for (const name of open) chmodSync(name, 0o755);
  const second = await serve(path);
  const told = second.lines.filter(({ arquivo }) => arquivo !== undefined).map(({ arquivo }) => String(arquivo));
  expect(told.sort()).toEqual(open.sort());
  for (const name of open) expect(statSync(name).mode & 0o077).toBe(0);
  await second.signal('SIGTERM');
  remove();
});

test('a new data folder is for its owner’s eyes only', async () => {
  const { path, remove } = scratch();
  const data = join(path, 'dados');
  mkdirSync(path, { recursive: true });
  const server = await serve(data);
  for (const name of ['.', 'keys', 'keys/jwt.key', 'keys/seal.key', 'keys/lookup.key']) {
    expect(statSync(join(data, name)).mode & 0o077).toBe(0);
  }
  await server.signal('SIGTERM');
  const verified = await run(['audit', 'verify', '--data', data]);
  expect(verified.exitCode).toBe(0);
  expect(verified.stdout).toMatch(/^the audit is intact: [1-9]\d* rows\n$/);
  remove();
});
