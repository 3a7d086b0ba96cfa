/**
 * How much of its speed background work may use just now. While requests keep the writer busy, whoever works at his leisure
 * steps back, and comes forward again little by little.
 */

const sampleMs = 100;
/** The share of the time that changes take from which on others wait. */
const busyShare = 0.3;
const stepBack = 0.5;
const stepForward = 0.1;

export type Pressao = ReturnType<typeof createPressao>;

/** @param busyMs milliseconds that changes asked for by others have taken so far. */
export function createPressao(busyMs: () => number) {
  let share = 1;
  let timer: ReturnType<typeof setInterval> | null = null;

  return {
    /** From 0, only what cannot wait, to 1, everything. */
    share: () => share,

    start(): void {
      let last = { at: performance.now(), busy: busyMs() };
      timer = setInterval(() => {
        const now = { at: performance.now(), busy: busyMs() };
        const busy = (now.busy - last.busy) / Math.max(1, now.at - last.at);
        share = busy > busyShare ? share * stepBack : Math.min(1, share + stepForward);
        last = now;
      }, sampleMs);
    },
    stop(): void {
      if (timer) clearInterval(timer);
    },
  };
}
