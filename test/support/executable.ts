/** The compiled executable as a child process, in an empty directory of its own. */

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { admin } from './app';
import { logLines } from './log-lines';

export const executable = resolve(import.meta.dir, '../../dist/narcidicontrol');
if (!existsSync(executable)) throw new Error('dist/narcidicontrol is missing: run ./scripts/build first');

export interface Finished {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** A scratch directory that is removed by the function that comes with it. */
export function scratch(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'narcidi-exe-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Runs a command to its end. */
export async function run(
  args: string[],
  options: { env?: Record<string, string>; cwd?: string; stdin?: string } = {},
): Promise<Finished> {
  const child = Bun.spawn([executable, ...args], {
    cwd: options.cwd ?? tmpdir(),
    env: { PATH: process.env.PATH ?? '', HOME: tmpdir(), ...options.env },
    stdin: options.stdin === undefined ? 'ignore' : new Blob([options.stdin]),
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { exitCode, stdout, stderr };
}

export interface Running {
  url: string;
  mqtt: string;
  /** Every log line so far. */
  lines: Record<string, unknown>[];
  /** Waits for a log line. */
  line(test: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>;
  signal(name: 'SIGTERM' | 'SIGKILL'): Promise<number>;
}

/** Starts `serve` and waits for its ready line. */
export async function serve(
  data: string,
  env: Record<string, string> = {},
  cwd = tmpdir(),
  wrapper: string[] = [],
): Promise<Running> {
  const child = Bun.spawn([...wrapper, executable, 'serve', '--data', data, '--port', '0', '--mqtt-port', '0'], {
    cwd,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: tmpdir(),
      NARCIDI_ADMIN_EMAIL: admin.email,
      NARCIDI_ADMIN_PASSWORD: admin.senha,
      NARCIDI_RATE_LIMIT: 'off',
      ...env,
    },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const { lines, line } = logLines(child);
  const ready = await line(({ msg }) => msg === 'ready');
  return {
    url: String(ready.url),
    mqtt: String(ready.mqtt),
    lines,
    line,
    signal: async (name) => {
      child.kill(name);
      return child.exited;
    },
  };
}
