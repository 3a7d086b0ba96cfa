/** Keyset pagination over Kysely queries: the order is (field, id), the cursor the last pair seen. */

import { type ExpressionBuilder, type RawBuilder, type SelectQueryBuilder, type SqlBool, sql } from 'kysely';
import { encodeCursor, type Page, type PageRequest } from '../../core/page';
import type { Schema } from './schema';

interface KeysetOptions<Row, Item> {
  page: PageRequest;
  /** The column or expression behind each sortable field, never null. */
  columns: Readonly<Record<string, string | RawBuilder<unknown>>>;
  /** The id column that breaks ties. */
  idColumn: string;
  sortValue(row: Row): string | number;
  id(row: Row): string;
  map(row: Row): Item;
}

/**
 * Runs one page of a query that already has its filters.
 * @returns at most `page.limite` items; `proximo_cursor` is null on the last page.
 */
export async function keysetPage<TB extends keyof Schema, Row, Item>(
  query: SelectQueryBuilder<Schema, TB, Row>,
  { page, columns, idColumn, sortValue, id, map }: KeysetOptions<Row, Item>,
): Promise<Page<Item>> {
  const column = columns[page.ordem.campo];
  if (!column) throw new Error(`no column for the order ${page.ordem.campo}`);
  const direction = page.ordem.descendente ? 'desc' : 'asc';
  const sortRef = typeof column === 'string' ? sql.ref(column) : column;
  const idRef = sql.ref(idColumn);
  let paged = query
    .orderBy(sortRef, direction)
    .orderBy(idRef, direction)
    .limit(page.limite + 1);
  if (page.cursor) {
    const { valor, id: lastId } = page.cursor;
    const comparison = page.ordem.descendente ? sql.raw('<') : sql.raw('>');
    paged = paged.where(
      (_: ExpressionBuilder<Schema, TB>) => sql<SqlBool>`(${sortRef}, ${idRef}) ${comparison} (${valor}, ${lastId})`,
    );
  }
  const rows = await paged.execute();
  const shown = rows.slice(0, page.limite);
  const last = shown.at(-1);
  const ordem = page.ordem.descendente ? `-${page.ordem.campo}` : page.ordem.campo;
  const result: Page<Item> = {
    itens: shown.map(map),
    proximo_cursor:
      rows.length > page.limite && last ? encodeCursor({ ordem, valor: sortValue(last), id: id(last) }) : null,
  };
  if (page.total) {
    const counted = await query.clearSelect().select(sql<number>`count(*)`.as('total')).executeTakeFirstOrThrow();
    result.total = Number(counted.total);
  }
  return result;
}
