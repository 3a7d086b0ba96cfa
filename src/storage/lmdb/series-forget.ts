/** Removes everything that is kept of a machine. */

import type { SeriesAppend } from './series-append';
import { idOf } from './series-codec';
import { keysBefore, type SeriesTables } from './series-tables';

/** A transaction over thousands of pages makes every later commit slow, so the work is cut into small ones. */
const removalsPerTransaction = 500;

export function createSeriesForget(tables: SeriesTables, append: SeriesAppend) {
  const { presenca, extras, pendentes, pontos, minutos, horas } = tables;

  return async function forget(maquinaId: string): Promise<void> {
    const id = idOf(maquinaId);
    append.forget(maquinaId);
    void presenca.remove(id);
    await extras.remove(id);
    for (const table of [pendentes, pontos, minutos, horas]) {
      let keys: Buffer[];
      do {
        keys = keysBefore(table, id, Number.POSITIVE_INFINITY, removalsPerTransaction);
        await Promise.all(keys.map((key) => table.remove(key)));
      } while (keys.length === removalsPerTransaction);
    }
  };
}
