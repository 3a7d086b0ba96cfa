/**
 * How far things have come on their way to machines: noted as it happens, written soon after, many in one transaction, for
 * each alone would cost an fsync. A note lost in a crash costs no more than a moment in a history.
 */

import { systemActor } from '../../core/actor';
import type { Tx, UnitOfWork } from '../../storage/sqlite/unit-of-work';

const delayMs = 20;
const notesPerTransaction = 500;
const notesMax = 100_000;

interface Dependencies<Note> {
  work: UnitOfWork;
  /** Who is said to have written it. */
  nome: string;
  /** Notes that differ in nothing but what they are about have the same key and are written in one statement. */
  key(note: Note): string;
  /** Writes notes of one key. */
  write(tx: Tx, notes: readonly Note[]): Promise<void>;
  /** Is told of each note once it is written, or could not be. */
  settled?(note: Note): void;
  onError(error: unknown): void;
}

export interface Andamento<Note> {
  note(note: Note): void;
  /** Waits until what was noted is written. */
  settled(): Promise<void>;
  /** How many notes are not written yet. */
  pending(): number;
}

export function createAndamento<Note>({
  work,
  nome,
  key,
  write,
  settled,
  onError,
}: Dependencies<Note>): Andamento<Note> {
  const actor = systemActor(nome);
  const notes: Note[] = [];
  let flushing: Promise<void> | null = null;

  async function flush(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    while (notes.length > 0) {
      const batch = notes.splice(0, notesPerTransaction);
      try {
        await work.write(actor, async (tx) => {
          for (const alike of Map.groupBy(batch, key).values()) await write(tx, alike);
        });
      } catch (error) {
        onError(error);
      }
      if (settled) for (const note of batch) settled(note);
      // Between transactions others get their turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
    flushing = null;
  }

  return {
    note(note) {
      const oldest = notes.length >= notesMax ? notes.shift() : undefined;
      if (oldest !== undefined) settled?.(oldest);
      notes.push(note);
      flushing ??= flush();
    },
    async settled() {
      await flushing;
    },
    pending: () => notes.length,
  };
}
