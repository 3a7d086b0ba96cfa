/**
 * How much of its speed background work may use just now. When the process is busy with requests its timers come late:
 * whoever works at his leisure then steps back, and comes forward again little by little.
 */

const sampleMs = 50;
/** A timer that comes so late says that others wait too. */
const lateMs = 10;
const stepBack = 0.5;
const stepForward = 0.05;

export type Pressao = ReturnType<typeof createPressao>;

export function createPressao() {
  let share = 1;
  let timer: ReturnType<typeof setInterval> | null = null;
  let expected = 0;

  return {
    /** From 0, only what cannot wait, to 1, everything. */
    share: () => share,

    start(): void {
      expected = performance.now() + sampleMs;
      timer = setInterval(() => {
        const now = performance.now();
        share = now - expected > lateMs ? share * stepBack : Math.min(1, share + stepForward);
        expected = now + sampleMs;
      }, sampleMs);
    },
    stop(): void {
      if (timer) clearInterval(timer);
    },
  };
}
