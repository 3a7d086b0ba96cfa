/** Refusals by licence and day, in the database. */

import { sql } from 'kysely';
import type { Db } from '../../storage/sqlite/unit-of-work';
import type { Recusa } from './recusas.service';

/** Adds to what is counted already; a licence that is gone meanwhile counts for nothing. */
export async function addRecusas(db: Db, recusas: readonly Recusa[]): Promise<void> {
  for (const { licenca_id, dia, codigo, quantidade } of recusas) {
    await db
      .insertInto('recusas')
      .columns(['licenca_id', 'dia', 'codigo', 'quantidade'])
      .expression((eb) =>
        eb
          .selectFrom('licencas')
          .select(['id', sql<number>`${dia}`.as('dia'), sql<string>`${codigo}`.as('codigo')])
          .select(sql<number>`${quantidade}`.as('quantidade'))
          .where('id', '=', licenca_id),
      )
      .onConflict((conflict) =>
        conflict
          .columns(['licenca_id', 'dia', 'codigo'])
          .doUpdateSet({ quantidade: sql<number>`recusas.quantidade + ${quantidade}` }),
      )
      .execute();
  }
}
