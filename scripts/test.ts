/** Runs every check, each to its end, and counts: `N passed, N failed` is the last line. */

import { mkdirSync, readFileSync } from 'node:fs';
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

async function run(command: string[]): Promise<number> {
  return Bun.spawn(command, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] }).exited;
}

await check('lint', ['bun', 'x', '--no-install', 'biome', 'check', '.']);
await check('types', ['bun', 'x', '--no-install', 'tsc', '--noEmit']);
await check('dead code', ['bun', 'x', '--no-install', 'knip']);
await check('build', ['bun', 'scripts/build.ts']);

console.log('\n── tests');
const testsExit = await run([
  'bun',
  'test',
  '--reporter=junit',
  `--reporter-outfile=${report}`,
  ...process.argv.slice(2),
]);
const counts = /<testsuites[^>]*\btests="(\d+)"[^>]*\bfailures="(\d+)"[^>]*?(?:\bskipped="(\d+)")?/.exec(readReport());
const [tests, failures, skipped] = (counts?.slice(1) ?? []).map((count) => Number(count ?? 0));
if (tests === undefined || failures === undefined) {
  failed += 1;
  console.error('the test run left no report');
} else {
  passed += tests - failures - (skipped ?? 0);
  failed += failures;
  // A crash outside any test, or a file that does not load, fails the run without failing a test.
  if (failures === 0 && testsExit !== 0) failed += 1;
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

function readReport(): string {
  try {
    return readFileSync(report, 'utf8');
  } catch {
    return '';
  }
}
