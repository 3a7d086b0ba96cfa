/**
 * How much of its speed background work may use just now. While requests wait for one another, whoever works at his leisure
 * steps back, and comes forward again little by little.
 */

const sampleMs = 100;
/** So many changes waiting at once, on average: somebody is at work, as with a lone import. */
const busyMin = 0.3;
/** So many: they wait for one another. */
const crowdMin = 4;
/** What is left to others while somebody is at work; less only while they wait for one another. */
export const busyShare = 0.1;
const stepBack = 0.5;
const stepForward = 0.1;

export type Pressao = ReturnType<typeof createPressao>;

/** @param waitedMs milliseconds that all changes together have waited so far: each second's share of it is how many waited (Little). */
export function createPressao(waitedMs: () => number) {
  let share = 1;
  let timer: ReturnType<typeof setInterval> | null = null;

  return {
    /** From 0, only what cannot wait, to 1, everything. */
    share: () => share,

    start(): void {
      let last = { at: performance.now(), waited: waitedMs() };
      timer = setInterval(() => {
        const now = { at: performance.now(), waited: waitedMs() };
        const crowd = (now.waited - last.waited) / Math.max(1, now.at - last.at);
        if (crowd > crowdMin) share *= stepBack;
        else if (crowd > busyMin) share = Math.max(busyShare, share * stepBack);
        else share = Math.min(1, share + stepForward);
        last = now;
      }, sampleMs);
    },
    stop(): void {
      if (timer) clearInterval(timer);
    },
  };
}
