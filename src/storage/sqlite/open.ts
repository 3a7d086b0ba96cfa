/** Opens the business database: one writer and one reader handle on the same WAL file, migrated to the newest schema. */

import { Database, type SQLQueryBindings } from 'bun:sqlite';
import { existsSync } from 'node:fs';
import { Kysely, type SqliteDatabase, SqliteDialect, type SqliteDialectConfig } from 'kysely';
import { Migrator } from 'kysely/migration';
import { OperationalError } from '../../core/operational-error';
import { type Damage, noticed, watchForDamage } from './damage';
import { migrations } from './migrations';
import { PatientSqliteDriver } from './patient-driver';
import type { Schema } from './schema';

/** SQLite waits inside the call, and the event loop with it. Readers meet a lock only while another process recovers the log. */
const readerBusyTimeoutMs = 250;
/** Before the event loop has anything else to do. */
const openBusyTimeoutMs = 5_000;
const readerCacheKib = 16_384;
/** 16 MB of log between two copies into the file: a page that is written often is copied once for many commits. */
const checkpointPages = 4_000;

export interface Sqlite {
  /** The one connection that writes; transactions on it run one after another. */
  writer: Kysely<Schema>;
  /** Reads that need not see an open transaction. */
  reader: Kysely<Schema>;
  /** The reader's raw handle, for the few statements whose cost counts in microseconds. */
  readerHandle: Database;
  damage: Damage;
  /** The migrations that this opening has applied. */
  migrated: readonly string[];
  close(): Promise<void>;
}

/** Kysely's SqliteDialect expects better-sqlite3's interface; bun:sqlite differs in these few places. */
function kyselyDatabase(db: Database): SqliteDatabase {
  return {
    close: () => db.close(),
    prepare: (sql) => {
      // An upgrade from read to write in the middle of a transaction fails at once when another process (`admin set`)
      // has written meanwhile; taking the write lock at the beginning waits for it instead.
      const statement = db.query(sql === 'begin' ? 'begin immediate' : sql);
      const bind = (parameters: readonly unknown[]) => parameters.map(toBinding);
      return {
        // Not by `columnNames`: asking for them runs the statement once, without its parameters.
        reader: answersRows.test(sql),
        all: (parameters) => noticed(db, () => statement.all(...bind(parameters))),
        run: (parameters) => {
          // A full disk makes SQLite roll back by itself; to do it again would fail, and hide why.
          if (sql === 'rollback' && !db.inTransaction) return { changes: 0, lastInsertRowid: 0 };
          return noticed(db, () => statement.run(...bind(parameters)));
        },
        iterate: (parameters) => statement.iterate(...bind(parameters)) as IterableIterator<unknown>,
      };
    },
  };
}

class WriterDialect extends SqliteDialect {
  constructor(private readonly config: SqliteDialectConfig) {
    super(config);
  }

  override createDriver(): PatientSqliteDriver {
    return new PatientSqliteDriver(this.config);
  }
}

const answersRows = /^\s*(select|with|pragma|explain)\b|\breturning\b/i;

function toBinding(value: unknown): SQLQueryBindings {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')
    return value;
  if (typeof value === 'boolean' || value instanceof Uint8Array) return value;
  throw new TypeError(`SQLite cannot bind a ${typeof value}`);
}

function openHandle(file: string, readonly: boolean): Database {
  const db = readonly ? new Database(file, { readonly: true }) : new Database(file, { create: true, readwrite: true });
  if (readonly) {
    db.run(`PRAGMA busy_timeout = ${readerBusyTimeoutMs}`);
    db.run(`PRAGMA cache_size = -${readerCacheKib}`);
  } else {
    db.run(`PRAGMA busy_timeout = ${openBusyTimeoutMs}`);
    db.run('PRAGMA journal_mode = WAL');
    db.run('PRAGMA synchronous = FULL');
    db.run('PRAGMA foreign_keys = ON');
    db.run('PRAGMA secure_delete = ON');
    db.run(`PRAGMA wal_autocheckpoint = ${checkpointPages}`);
    // From here on PatientSqliteDriver waits.
    db.run('PRAGMA busy_timeout = 0');
  }
  return db;
}

/** @returns what was applied. @throws OperationalError when the file was written by a newer version of the program. */
async function migrate(db: Kysely<Schema>): Promise<string[]> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...migrations }) } });
  const applied = await appliedMigrations(db);
  const unknown = applied.find((name) => !(name in migrations));
  if (unknown) {
    throw new OperationalError(
      `the data folder has a newer schema (${unknown}) than this executable knows; use the newer one`,
    );
  }
  const { error, results } = await migrator.migrateToLatest();
  if (error) throw error;
  return (results ?? []).map(({ migrationName }) => migrationName);
}

async function appliedMigrations(db: Kysely<Schema>): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some((table) => table.name === 'kysely_migration')) return [];
  const rows = await db
    .withTables<{ kysely_migration: { name: string } }>()
    .selectFrom('kysely_migration')
    .select('name')
    .execute();
  return rows.map((row) => row.name);
}

/** The migrations a database file has had, in order; none when there is no file yet. */
export function schemaOf(file: string): string[] {
  if (!existsSync(file)) return [];
  const db = openHandle(file, true);
  try {
    const known = db.query("SELECT 1 FROM sqlite_master WHERE name = 'kysely_migration'").get();
    if (!known) return [];
    return db
      .query<{ name: string }, []>('SELECT name FROM kysely_migration ORDER BY name')
      .all()
      .map(({ name }) => name);
  } finally {
    db.close();
  }
}

/** The migrations of a schema that this executable does not know: it was written by a newer one. */
export function unknownMigrations(schema: readonly string[]): string[] {
  return schema.filter((name) => !(name in migrations));
}

/** Whether opening this file will change its schema; not so for a new file. */
export function needsMigration(file: string): boolean {
  const schema = schemaOf(file);
  return schema.length > 0 && Object.keys(migrations).some((name) => !schema.includes(name));
}

/**
 * Opens the database file, creating and migrating it as needed.
 * @throws OperationalError for a newer schema.
 */
export async function openSqlite(file: string): Promise<Sqlite> {
  const writerHandle = openHandle(file, false);
  const writer = new Kysely<Schema>({ dialect: new WriterDialect({ database: kyselyDatabase(writerHandle) }) });
  let migrated: string[];
  try {
    migrated = await migrate(writer);
  } catch (error) {
    await writer.destroy();
    throw error;
  }
  const readerHandle = openHandle(file, true);
  const reader = new Kysely<Schema>({ dialect: new SqliteDialect({ database: kyselyDatabase(readerHandle) }) });
  return {
    writer,
    reader,
    readerHandle,
    damage: watchForDamage([writerHandle, readerHandle]),
    migrated,
    close: async () => {
      await reader.destroy();
      await writer.destroy();
    },
  };
}
