/** Long work in slices, so that the event loop is never held. */

const sliceMsMax = 10;

export interface Slices {
  /** Lets others work when this slice has lasted long enough. Called between units of work that are short by themselves. */
  breathe(): Promise<void> | undefined;
  /** Waits for something that happens elsewhere: others work meanwhile. */
  wait<T>(promise: Promise<T>): Promise<T>;
  /** The longest slice so far, milliseconds. */
  longestMs(): number;
}

export function createSlices(): Slices {
  let since = performance.now();
  let longest = 0;

  function end(): number {
    const lasted = performance.now() - since;
    if (lasted > longest) longest = lasted;
    return lasted;
  }

  function nextTurn(): Promise<void> {
    return new Promise((resolve) => {
      setImmediate(() => {
        since = performance.now();
        resolve();
      });
    });
  }

  return {
    breathe: () => (end() < sliceMsMax ? undefined : nextTurn()),
    async wait(promise) {
      end();
      const value = await promise;
      // What was settled already has let nobody work.
      await nextTurn();
      return value;
    },
    longestMs: () => longest,
  };
}
