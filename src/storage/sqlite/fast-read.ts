/**
 * Reads whose cost counts in microseconds: a Kysely query compiled once and run as a prepared statement on the reader's
 * handle, at 4 µs instead of 22, and without giving way to other work in between.
 */

import type { Database, SQLQueryBindings } from 'bun:sqlite';
import type { CompiledQuery } from 'kysely';
import { noticed } from './damage';

/**
 * Prepares a compiled query; its parameters are given anew at each call, in the order they were compiled in.
 * @returns a function that answers the first row or null.
 */
export function prepareRead<Row>(
  handle: Database,
  query: CompiledQuery<Row>,
): (...parameters: SQLQueryBindings[]) => Row | null {
  const statement = handle.prepare<Row, SQLQueryBindings[]>(query.sql);
  return (...parameters) => noticed(handle, () => statement.get(...parameters));
}

/** The same for queries that answer several rows. */
export function prepareReadAll<Row>(
  handle: Database,
  query: CompiledQuery<Row>,
): (...parameters: SQLQueryBindings[]) => Row[] {
  const statement = handle.prepare<Row, SQLQueryBindings[]>(query.sql);
  return (...parameters) => noticed(handle, () => statement.all(...parameters));
}
