/** Leaves the processors to everybody else: a process beside the server that is never in a hurry. */

import { dlopen, FFIType, ptr } from 'bun:ffi';
import { readdirSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

/** Linux, sched(7): runs when nothing else wants to. A low priority alone still holds up who wakes for some milliseconds. */
const schedIdle = 5;

/**
 * Gives this process what others leave. On Linux that is said of each thread, those that compress and hash included;
 * threads to come inherit it. Where it cannot be said the process goes on as it is.
 */
export function stepBack(): void {
  try {
    if (process.platform === 'linux') idle(readdirSync('/proc/self/task').map(Number));
    else setPriority(constants.priority.PRIORITY_LOW);
  } catch {
    // Being in nobody's way is a courtesy, not a condition.
  }
}

function idle(threads: readonly number[]): void {
  const { i32, ptr: pointer } = FFIType;
  const { symbols } = dlopen('libc.so.6', { sched_setscheduler: { args: [i32, i32, pointer], returns: i32 } });
  // struct sched_param: the priority among the real-time ones, none.
  const parameters = ptr(new Int32Array([0]));
  for (const thread of threads) symbols.sched_setscheduler(thread, schedIdle, parameters);
}
