/** Reading the audit. It is written with each change, by the unit of work. */

import type { Selectable } from 'kysely';
import type { Page, PageRequest } from '../../core/page';
import { keysetPage } from '../../storage/sqlite/keyset';
import type { AuditoriaTable } from '../../storage/sqlite/schema';
import type { Db } from '../../storage/sqlite/unit-of-work';

export type AuditRow = Selectable<AuditoriaTable>;

/** Every change of one entity, in order of time. */
export async function listHistorico(
  db: Db,
  page: PageRequest,
  entidade: string,
  entidadeId: string,
): Promise<Page<AuditRow>> {
  return keysetPage(
    db.selectFrom('auditoria').selectAll().where('entidade', '=', entidade).where('entidade_id', '=', entidadeId),
    {
      page,
      columns: { em: 'seq' },
      idColumn: 'id',
      sortValue: (row) => row.seq,
      id: (row) => row.id,
      map: (row) => row,
    },
  );
}
