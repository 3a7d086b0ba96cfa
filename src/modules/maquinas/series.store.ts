/** The port of the store of heartbeats. */

/** One heartbeat as it is stored. */
export interface HeartbeatPoint {
  /** Epoch milliseconds on the machine's clock. */
  em: number;
  /** Percentages, 0 to 100. */
  cpu: number;
  memoria: number;
  disco: number;
  extras?: Record<string, number>;
}

/** Where heartbeats live. */
export interface SeriesStore {
  /** Stores points and that the machine was heard; resolves once they are on the disk. Idempotent by (machine, time). */
  append(maquinaId: string, points: readonly HeartbeatPoint[], receivedAt: number): Promise<void>;
  /** The points with `from <= em < to`, oldest first. */
  range(maquinaId: string, fromMs: number, toMs: number): Iterable<HeartbeatPoint>;
  /** When the machine was last heard, epoch milliseconds. */
  lastSeen(maquinaId: string): number | null;
  /** Removes everything of a machine. */
  forget(maquinaId: string): Promise<void>;
}
