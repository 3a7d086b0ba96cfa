/** Children of the bench: each is known here, so that none outlives it. */

import { readFileSync } from 'node:fs';
import { type Subprocess, spawn } from 'bun';

const startTimeoutMs = 30_000;
const stopTimeoutMs = 10_000;
/** Linux counts processor time in hundredths of a second, whatever the kernel's own tick is. */
const ticksPerSecond = 100;

export type Child = Subprocess<'ignore', 'pipe', 'inherit'>;

const children = new Set<Child>();
let scratch = '';

/** Where children put temporary files, so that they are gone with the bench's own. */
export function useScratch(folder: string): void {
  scratch = folder;
}

/** Starts a process whose output is to be read. */
export function start(command: string[], env: Record<string, string>, cwd: string): Child {
  const child = spawn(command, {
    cwd,
    env: { PATH: process.env.PATH ?? '', TMPDIR: scratch, BUN_TMPDIR: scratch, ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
  });
  children.add(child);
  void child.exited.then(() => children.delete(child));
  return child;
}

/**
 * Waits for the first line that satisfies the test, and goes on reading after it: a child must not wait for a full pipe.
 * @throws Error when the output ends or 30 seconds pass before.
 */
export function lineWhere(child: Child, test: (line: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), startTimeoutMs);
    const read = async (): Promise<void> => {
      const decoder = new TextDecoder();
      let waiting = true;
      let rest = '';
      for await (const bytes of child.stdout) {
        if (!waiting) continue;
        const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
        rest = lines.pop() ?? '';
        const found = lines.find(test);
        if (found === undefined) continue;
        waiting = false;
        clearTimeout(timer);
        resolve(found);
      }
      clearTimeout(timer);
      // After `resolve` this changes nothing.
      reject(new Error(`a process ended before it was ready, or was not ready in time: ${rest}`));
    };
    read().catch(reject);
  });
}

/** Ends a process and waits for it, by force when it takes too long. */
export async function stop(child: Child): Promise<void> {
  const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
  child.kill('SIGTERM');
  await child.exited;
  clearTimeout(timer);
}

/** Ends whatever still runs. */
export async function stopAll(): Promise<void> {
  const running = [...children];
  for (const child of running) child.kill('SIGKILL');
  await Promise.all(running.map((child) => child.exited));
}

/** Runs a command that is expected to succeed. @returns its output, and the processor seconds it took. */
export async function run(command: string[], cwd: string): Promise<{ output: string; cpuSeconds: number }> {
  const child = start(command, {}, cwd);
  const output = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`${command.join(' ')} failed: ${output}`);
  return { output, cpuSeconds: Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1e6 };
}

/** The processor seconds a process has used, of all its threads. @param pid a process id, or `self`. */
export function cpuSeconds(pid: number | string): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name may hold spaces and parentheses; the fields after it are numbered from 3, utime and stime are 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** The resident memory of a process in megabytes of a million bytes. */
export function residentMb(pid: number | string): number {
  const kib = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  return (kib * 1_024) / 1e6;
}
