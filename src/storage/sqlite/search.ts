/** Finding rows by part of a text. */

import { foldText } from '../../core/text';

/** A LIKE pattern that finds the folded text anywhere; `%` and `_` lose their meaning by turning into any character. */
export function likePattern(busca: string): string {
  return `%${foldText(busca).replace(/[%_]/g, '_')}%`;
}
