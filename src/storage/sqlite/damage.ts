/**
 * Notices damage in the database where it shows: in the answer of any statement. A page that nobody reads is found by the
 * nightly backup, which reads them all.
 */

import type { Database } from 'bun:sqlite';

/** Is told what SQLite said, the first time. */
export type DamageListener = (detalhe: string) => void;

export interface Damage {
  /** What SQLite said first; null while nothing is known to be damaged. Ends with a new start: damage does not heal. */
  known(): string | null;
  onFirst(listener: DamageListener): void;
}

const noticing = new WeakMap<Database, (error: unknown) => void>();
const damageCodes = /^SQLITE_(CORRUPT|NOTADB)/;

/** What is noticed on these handles. */
export function watchForDamage(handles: readonly Database[]): Damage {
  let first: string | null = null;
  const listeners: DamageListener[] = [];
  const notice = (error: unknown): void => {
    if (first !== null || !(error instanceof Error) || !('code' in error)) return;
    if (!damageCodes.test(String(error.code))) return;
    first = error.message;
    for (const listener of listeners) listener(first);
  };
  for (const handle of handles) noticing.set(handle, notice);
  return {
    known: () => first,
    onFirst: (listener) => {
      listeners.push(listener);
    },
  };
}

/** Runs a statement on a handle, and looks at what it fails with. */
export function noticed<T>(handle: Database, run: () => T): T {
  try {
    return run();
  } catch (error) {
    noticing.get(handle)?.(error);
    throw error;
  }
}
