/** Keyset pages: a cursor names the last row seen, so that a page costs the same at any depth. */

import { invalidField, Problem } from './problem';

export const pageLimitDefault = 50;
export const pageLimitMax = 200;

export interface PageRequest {
  limite: number;
  cursor: Cursor | null;
  ordem: { campo: string; descendente: boolean };
  busca: string | null;
  total: boolean;
}

/** The sort key and the id of the last row of the page before, under a given order. */
export interface Cursor {
  ordem: string;
  valor: string | number | null;
  id: string;
}

export interface Page<T> {
  itens: T[];
  proximo_cursor: string | null;
  total?: number;
}

/** Query parameters every list takes, still as text. */
export interface PageParams {
  limite?: number | undefined;
  cursor?: string | undefined;
  ordem?: string | undefined;
  busca?: string | undefined;
  total?: boolean | undefined;
}

/**
 * Reads the parameters of a list.
 * @param sortable names of the fields the list can be ordered by; `ordem` may be one of them or one with `-` before it.
 * @throws Problem VALIDACAO for an unknown order, CURSOR_INVALIDO for a cursor of another list or order.
 */
export function readPage(params: PageParams, sortable: readonly string[], orderDefault: string): PageRequest {
  const ordem = params.ordem ?? orderDefault;
  const descendente = ordem.startsWith('-');
  const campo = descendente ? ordem.slice(1) : ordem;
  if (!sortable.includes(campo)) {
    throw invalidField('ordem', `use um destes campos, com - na frente para inverter: ${sortable.join(', ')}`);
  }
  const cursor = params.cursor ? decodeCursor(params.cursor) : null;
  if (cursor && cursor.ordem !== ordem) {
    throw new Problem('CURSOR_INVALIDO', { detalhe: 'O cursor veio de outra ordenação.' });
  }
  return {
    limite: params.limite ?? pageLimitDefault,
    cursor,
    ordem: { campo, descendente },
    busca: params.busca?.trim() || null,
    total: params.total ?? false,
  };
}

/** Encodes a cursor; opaque to clients. */
export function encodeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify([cursor.ordem, cursor.valor, cursor.id])).toString('base64url');
}

function decodeCursor(text: string): Cursor {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (Array.isArray(parsed) && parsed.length === 3) {
      const [ordem, valor, id]: unknown[] = parsed;
      const validValue = valor === null || typeof valor === 'string' || typeof valor === 'number';
      if (typeof ordem === 'string' && validValue && typeof id === 'string') return { ordem, valor, id };
    }
  } catch {
    // Not JSON: the same answer as JSON of the wrong form, below.
  }
  throw new Problem('CURSOR_INVALIDO');
}

/** Every item of a list, page after page, in the order of a field; one page in memory at a time. */
export async function* everyItem<T>(campo: string, list: (page: PageRequest) => Promise<Page<T>>): AsyncGenerator<T> {
  const ordem = { campo, descendente: false };
  let page: PageRequest = { limite: pageLimitMax, cursor: null, ordem, busca: null, total: false };
  while (true) {
    const { itens, proximo_cursor } = await list(page);
    yield* itens;
    if (proximo_cursor === null) return;
    page = { ...page, cursor: decodeCursor(proximo_cursor) };
  }
}
