/** The port of the store of heartbeats and what is kept of them. */

import type { Rollup } from './rollup.model';

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

/** What is known of a machine that was heard. */
export interface Heard {
  /** When something last came, epoch milliseconds. */
  em: number;
  /** The newest heartbeat by the machine's own clock; null when the first release wrote it. */
  newest: HeartbeatPoint | null;
}

/** The tiers, finest first. */
export const resolucoes = ['bruta', 'minuto', 'hora'] as const;
export type Resolucao = (typeof resolucoes)[number];

/** A heartbeat, or all of a minute or an hour. */
export interface Bucket {
  /** Start, epoch milliseconds. */
  em: number;
  /** Milliseconds from its start to its end; 0 for one heartbeat. */
  spanMs: number;
  /** Milliseconds of one step in `rollup.seen`. */
  unitMs: number;
  rollup: Rollup;
}

/** How long each tier is kept, in milliseconds. */
export interface Retention {
  rawMs: number;
  minuteMs: number;
  hourMs: number;
}

export interface Compaction {
  now: number;
  signal?: AbortSignal | undefined;
  /** Which of these machines still exist. */
  existing(ids: readonly string[]): Promise<ReadonlySet<string>>;
}

export interface CompactionReport {
  /** Hours of machines that were rolled up. */
  hoursRolled: number;
  /** Heartbeats, minutes and hours past their retention. */
  removed: number;
  machinesForgotten: number;
  /** The longest stretch without letting others work, milliseconds. */
  longestSliceMs: number;
  /** False when it was told to stop; the next run takes up where this one ended. */
  complete: boolean;
}

/** Where heartbeats live. */
export interface SeriesStore {
  /**
   * Stores points and that the machine was heard; resolves once they are on the disk. Idempotent by (machine, time): what is
   * delivered twice, late or out of order counts once in every tier. Names of extras past the 20th of a machine are ignored.
   */
  append(maquinaId: string, points: readonly HeartbeatPoint[], receivedAt: number): Promise<void>;
  /** The raw points with `from <= em < to` that are still there, oldest first. */
  range(maquinaId: string, fromMs: number, toMs: number): Iterable<HeartbeatPoint>;
  /**
   * What is kept between two moments, oldest first, each heartbeat in exactly one bucket: of the resolution asked for, or of
   * the next coarser one where that is gone. Comes in portions, and lets others work between them.
   */
  buckets(maquinaId: string, fromMs: number, toMs: number, finest: Resolucao): AsyncGenerator<readonly Bucket[]>;
  /** The names of a machine's extra series. */
  extraNames(maquinaId: string): readonly string[];
  /** When the machine was last heard, epoch milliseconds. */
  lastSeen(maquinaId: string): number | null;
  /** When a machine was last heard, and its newest heartbeat; one look-up. */
  heard(maquinaId: string): Heard | null;
  /** The same of every machine that was ever heard, in order of their ids. */
  everyHeard(): Iterable<{ maquinaId: string; heard: Heard }>;
  /** Rolls up the hours that have passed, and removes what is past its retention or of machines that are gone. */
  compact(compaction: Compaction): Promise<CompactionReport>;
  /** Removes everything of a machine. */
  forget(maquinaId: string): Promise<void>;
  /** Waits for a compaction that was told to stop; the environment may be closed afterwards. */
  settled(): Promise<void>;
  stats(): { extrasIgnored: number; lastCompaction: CompactionReport | null };
}
