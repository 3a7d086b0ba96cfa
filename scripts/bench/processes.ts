/** Children of the bench: each is known here, so that none outlives it. */

import { type Subprocess, spawn } from 'bun';

const children = new Set<Subprocess>();
const startTimeoutMs = 30_000;

/** Starts a process with its output to be read line by line. */
export function start(command: string[], env: Record<string, string>, cwd: string) {
  const child = spawn(command, {
    cwd,
    env: { PATH: process.env.PATH ?? '', ...env },
    stdout: 'pipe',
    stderr: 'inherit',
  });
  children.add(child);
  void child.exited.then(() => children.delete(child));
  return child;
}

/** Reads lines until one satisfies the test. @throws Error when the output ends or 30 seconds pass before. */
export async function lineWhere(child: ReturnType<typeof start>, test: (line: string) => boolean): Promise<string> {
  const timer = setTimeout(() => child.kill(), startTimeoutMs);
  let rest = '';
  const reader = child.stdout.getReader();
  const decoder = new TextDecoder();
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) throw new Error('the process ended before it was ready');
      rest += decoder.decode(value, { stream: true });
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      const found = lines.find(test);
      if (found !== undefined) return found;
    }
  } finally {
    clearTimeout(timer);
    reader.releaseLock();
  }
}

/** Ends a process and waits for it. */
export async function stop(child: Subprocess): Promise<void> {
  child.kill('SIGTERM');
  await child.exited;
}

/** Ends whatever still runs. */
export function stopAll(): void {
  for (const child of children) child.kill('SIGKILL');
}

/** The output of a command that is expected to succeed. */
export async function output(command: string[], cwd: string): Promise<string> {
  const child = start(command, {}, cwd);
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`${command.join(' ')} failed`);
  return text;
}
