/** Waiting with an end to it. */

/**
 * Does work that may hang or fail and is not missed.
 * @returns null when it failed or took longer than the limit, milliseconds; what hangs is left behind.
 */
export async function withLimit<T>(work: () => Promise<T>, limitMs: number): Promise<T | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLong = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), limitMs);
  });
  try {
    return await Promise.race([work(), tooLong]);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

/** Waits, or ends at once when the signal says so. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}

const firstWaitMs = 1_000;

/**
 * How long to wait before the next attempt: doubling from one second to the longest, and anywhere in its second half, so
 * that ten thousand machines do not come back in the same moment.
 * @param failures how many attempts have failed in a row, from 1.
 * @param random from 0 to 1.
 */
export function backoffMs(failures: number, longestMs: number, random = Math.random()): number {
  const fullMs = Math.min(longestMs, firstWaitMs * 2 ** Math.min(30, failures - 1));
  return Math.round(fullMs * (0.5 + random / 2));
}
