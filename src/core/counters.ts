/** The port of counters that outlive a restart: failed log-ins, codes used once. */

export interface Counters {
  /** The moments counted under a key, oldest first, epoch milliseconds. */
  times(key: string, now: number): number[];
  /**
   * Counts one more. Seen by the next `times` at once; on the disk soon after.
   * @param keep how many moments are remembered, the newest.
   * @param windowMs how long each counts.
   */
  hit(key: string, now: number, options: { keep: number; windowMs: number }): void;
  /** Forgets a key. */
  clear(key: string): void;
  /** @returns true for the first caller and false for all others, until the time is over. */
  takeOnce(key: string, now: number, untilMs: number): boolean;
  /** Removes what is over. @returns how many keys. */
  sweep(now: number): Promise<number>;
  /** Waits until everything counted is on the disk. */
  settled(): Promise<void>;
}
