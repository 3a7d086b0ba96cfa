/** Finding rows by part of a text. */

import { sql } from 'kysely';
import { foldText } from '../../core/text';

const trigramCharactersMin = 3;

/**
 * The customers whose text holds a part, without regard to case and accents. From three letters on the trigram index
 * answers; a shorter part is in too many texts for any index to help.
 */
export function clientesContaining(busca: string) {
  const phrase = phraseOf(busca);
  if (phrase === null) return sql<boolean>`clientes.busca LIKE ${likePattern(busca)}`;
  return sql<boolean>`clientes.rowid IN (SELECT rowid FROM clientes_busca WHERE clientes_busca MATCH ${phrase})`;
}

/** The same for machines. */
export function maquinasContaining(busca: string) {
  const phrase = phraseOf(busca);
  if (phrase === null) return sql<boolean>`maquinas.busca LIKE ${likePattern(busca)}`;
  return sql<boolean>`maquinas.rowid IN (SELECT rowid FROM maquinas_busca WHERE maquinas_busca MATCH ${phrase})`;
}

/** What to ask the trigram index, or null for a text too short for it. */
function phraseOf(busca: string): string | null {
  const folded = foldText(busca);
  if (folded.length < trigramCharactersMin) return null;
  // As one quoted string FTS5 reads it as plain text, whatever it holds.
  return `"${folded.replaceAll('"', '""')}"`;
}

/** A LIKE pattern that finds the folded text anywhere; `%` and `_` lose their meaning by turning into any character. */
export function likePattern(busca: string): string {
  return `%${foldText(busca).replace(/[%_]/g, '_')}%`;
}
