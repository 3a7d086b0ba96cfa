/** Runs a command of this program in a process of its own, so that heavy work cannot hold up the server. */

import { resolve } from 'node:path';
import { OperationalError } from '../core/operational-error';

/** Where compiled modules seem to lie. */
const insideExecutable = /^(\/\$bunfs\/|[A-Z]:[\\/]~BUN[\\/])/i;
const outputCharactersMax = 4_000_000;

/** The command line of this program: the executable, or the runtime and its main file when run from source. */
function self(): string[] {
  if (insideExecutable.test(import.meta.dir)) return [process.execPath];
  return [process.execPath, resolve(import.meta.dir, '../main.ts')];
}

/**
 * Runs a command to its end.
 * @param env in addition to what this process has.
 * @param signal kills it.
 * @returns what it printed.
 * @throws OperationalError with its own one-line reason when it fails.
 */
export async function runSelf(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  signal: AbortSignal | null,
): Promise<string> {
  const child = Bun.spawn([...self(), ...args], {
    env: { ...process.env, ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    ...(signal ? { signal, killSignal: 'SIGKILL' } : {}),
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (exitCode === 0) return stdout.slice(0, outputCharactersMax);
  const reason = stderr
    .trim()
    .split('\n')
    .at(-1)
    ?.replace(/^narcidicontrol: /, '');
  throw new OperationalError(reason || `it ended by ${child.signalCode ?? `exit code ${exitCode}`}`);
}
