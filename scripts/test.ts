/** Runs every check, each to its end, and counts: `N passed, N failed` is the last line. */

import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dir, '..');
const reports = join(root, '.cache');
mkdirSync(reports, { recursive: true });

let passed = 0;
let failed = 0;

/** One tool that passes or fails as a whole. */
async function check(name: string, command: string[]): Promise<void> {
  console.log(`\n── ${name}`);
  const ok = (await Bun.spawn(command, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] }).exited) === 0;
  if (ok) passed += 1;
  else failed += 1;
}

await check('lint', ['bun', 'x', '--no-install', 'biome', 'check', '.']);
await check('types', ['bun', 'x', '--no-install', 'tsc', '--noEmit']);
await check('dead code', ['bun', 'x', '--no-install', 'knip']);
await check('build', ['bun', 'scripts/build.ts']);

const chosen = process.argv.slice(2);
if (chosen.length > 0) await tests('tests', chosen);
else await everyTest();
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

/** Most of a test's time is waiting for something: two runs beside each other take little longer than one. */
async function everyTest(): Promise<void> {
  const wire = ['test/http', 'test/mqtt'];
  const others = readdirSync(join(root, 'test'))
    .map((name) => `test/${name}`)
    .filter((folder) => !wire.includes(folder));
  await Promise.all([
    tests('everything else', others),
    tests('HTTP and MQTT', wire).then(() =>
      tests('HTTP and MQTT again, against the executable', wire, { NARCIDI_TEST_EXECUTABLE: '1' }),
    ),
  ]);
}

/** One run of `bun test`, counted test by test. What it says is shown when it ends, in one piece. */
async function tests(name: string, files: string[], env: Record<string, string> = {}): Promise<void> {
  const report = join(reports, `junit-${name.replaceAll(/\W+/g, '-')}.xml`);
  rmSync(report, { force: true });
  const run = Bun.spawn(
    ['bun', 'test', '--timeout=30000', '--reporter=junit', `--reporter-outfile=${report}`, ...files],
    { cwd: root, env: { ...process.env, ...env }, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' },
  );
  const said = await Promise.all([new Response(run.stdout).text(), new Response(run.stderr).text()]);
  const exitCode = await run.exited;
  console.log(`\n── ${name}\n${said.join('')}`);
  const counts = /<testsuites[^>]*\btests="(\d+)"[^>]*\bfailures="(\d+)"[^>]*\bskipped="(\d+)"/.exec(read(report));
  if (!counts) {
    failed += 1;
    console.error('the test run left no report');
    return;
  }
  const [total = 0, failures = 0, skipped = 0] = counts.slice(1).map(Number);
  passed += total - failures - skipped;
  failed += failures;
  // A crash outside any test, or a file that does not load, fails the run without failing a test.
  if (failures === 0 && exitCode !== 0) failed += 1;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
