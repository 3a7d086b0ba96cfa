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

/** How a command ended. */
export interface Ended {
  stdout: string;
  /** Its own one-line reason for failing; null when it did not. */
  reason: string | null;
  /** The signal that ended it, if one did. */
  signal: string | null;
}

/**
 * Runs a command to its end, whichever that is.
 * @param env in addition to what this process has.
 * @param signal kills it.
 */
export async function trySelf(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  signal: AbortSignal | null,
): Promise<Ended> {
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
  const signalCode = child.signalCode === null ? null : String(child.signalCode);
  if (exitCode === 0) return { stdout: stdout.slice(0, outputCharactersMax), reason: null, signal: null };
  // After a signal the runtime's own report is the last that was said, and tells an operator nothing.
  if (signalCode) return { stdout: '', reason: `it ended by ${signalCode}`, signal: signalCode };
  const said = stderr
    .trim()
    .split('\n')
    .at(-1)
    ?.replace(/^narcidicontrol: /, '');
  return { stdout: '', reason: said || `it ended by exit code ${exitCode}`, signal: null };
}

/**
 * Runs a command that must succeed; parameters as for `trySelf`.
 * @returns what it printed.
 * @throws OperationalError with its own one-line reason when it fails.
 */
export async function runSelf(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  signal: AbortSignal | null,
): Promise<string> {
  const { stdout, reason } = await trySelf(args, env, signal);
  if (reason !== null) throw new OperationalError(reason);
  return stdout;
}
