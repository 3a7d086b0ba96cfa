/** Runs every check, each to its end, and counts: `N passed, N failed` is the last line. */

import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dir, '..');
const report = join(root, '.cache/junit.xml');
mkdirSync(join(root, '.cache'), { recursive: true });

let passed = 0;
let failed = 0;

/** One tool that passes or fails as a whole. */
async function check(name: string, command: string[]): Promise<void> {
  console.log(`\n── ${name}`);
  const ok = (await run(command)) === 0;
  if (ok) passed += 1;
  else failed += 1;
}

async function run(command: string[], env: Record<string, string> = {}): Promise<number> {
  return Bun.spawn(command, { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'inherit', 'inherit'] })
    .exited;
}

await check('lint', ['bun', 'x', '--no-install', 'biome', 'check', '.']);
await check('types', ['bun', 'x', '--no-install', 'tsc', '--noEmit']);
await check('dead code', ['bun', 'x', '--no-install', 'knip']);
await check('build', ['bun', 'scripts/build.ts']);

await tests('tests', process.argv.slice(2), {});
if (process.argv.length === 2) {
  await tests('HTTP and MQTT again, against the executable', ['test/http', 'test/mqtt'], {
    NARCIDI_TEST_EXECUTABLE: '1',
  });
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

/** One run of `bun test`, counted test by test. */
async function tests(name: string, files: string[], env: Record<string, string>): Promise<void> {
  console.log(`\n── ${name}`);
  rmSync(report, { force: true });
  const exitCode = await run(
    ['bun', 'test', '--timeout=30000', '--reporter=junit', `--reporter-outfile=${report}`, ...files],
    env,
  );
  const counts = /<testsuites[^>]*\btests="(\d+)"[^>]*\bfailures="(\d+)"/.exec(readReport());
  const [total, failures] = (counts?.slice(1) ?? []).map(Number);
  const skipped = Number(/<testsuites[^>]*\bskipped="(\d+)"/.exec(readReport())?.[1] ?? 0);
  if (total === undefined || failures === undefined) {
    failed += 1;
    console.error('the test run left no report');
    return;
  }
  passed += total - failures - skipped;
  failed += failures;
  // A crash outside any test, or a file that does not load, fails the run without failing a test.
  if (failures === 0 && exitCode !== 0) failed += 1;
}

function readReport(): string {
  try {
    return readFileSync(report, 'utf8');
  } catch {
    return '';
  }
}
