/**
 * Waits for another process's write lock (`admin set`, a backup tool, somebody's `sqlite3`) between tries, so that reads and
 * verification go on meanwhile: SQLite's own busy timeout sleeps inside the call, and with it the whole event loop.
 */

import { type DatabaseConnection, SqliteDriver } from 'kysely';

/** How long a write waits before it is refused as busy. */
const lockWaitMsMax = 5_000;
const firstPauseMs = 5;
const pauseMsMax = 50;

export class PatientSqliteDriver extends SqliteDriver {
  private readonly patient = new WeakMap<DatabaseConnection, DatabaseConnection>();
  /** Since when the lock has been somebody else's: who comes later does not wait the whole time again. */
  private lockedSince: number | null = null;

  override async acquireConnection(): Promise<DatabaseConnection> {
    const connection = await super.acquireConnection();
    const known = this.patient.get(connection);
    if (known) return known;
    const patient: DatabaseConnection = {
      executeQuery: (query, options) => this.whenFree(() => connection.executeQuery(query, options)),
      streamQuery: (query, chunkSize, options) => connection.streamQuery(query, chunkSize, options),
    };
    this.patient.set(connection, patient);
    return patient;
  }

  /** A statement that was refused as busy has done nothing, and may be run again as it is. */
  private async whenFree<T>(run: () => Promise<T>): Promise<T> {
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, pauseMsMax)) {
      try {
        const result = await run();
        this.lockedSince = null;
        return result;
      } catch (error) {
        if (!isBusy(error)) throw error;
        this.lockedSince ??= performance.now();
        if (performance.now() - this.lockedSince > lockWaitMsMax) throw error;
        await Bun.sleep(pauseMs);
      }
    }
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY');
}
