/** Events and dead letters as lists. */

import type { EventEnvelope, EventType } from '../../core/events';
import type { Page, PageRequest } from '../../core/page';
import { keysetPage } from '../../storage/sqlite/keyset';
import { type DeadLetter, toEvent } from '../../storage/sqlite/outbox';
import type { Db } from '../../storage/sqlite/unit-of-work';

export const eventoSortable = ['em'] as const;
export const mortaSortable = ['morta_em'] as const;

export interface EventoFilter {
  entidade_id?: string | undefined;
  de?: number | undefined;
  ate?: number | undefined;
}

/** Ids are UUIDv7: their order is that of the events, and their index serves the list. */
export async function listEventos(
  db: Db,
  page: PageRequest,
  tipos: readonly EventType[],
  filter: EventoFilter,
): Promise<Page<EventEnvelope & { entidade: string; entidade_id: string }>> {
  let query = db.selectFrom('outbox').selectAll().where('tipo', 'in', tipos);
  if (filter.entidade_id !== undefined) query = query.where('entidade_id', '=', filter.entidade_id);
  if (filter.de !== undefined) query = query.where('em', '>=', filter.de);
  if (filter.ate !== undefined) query = query.where('em', '<', filter.ate);
  return keysetPage(query, {
    page,
    columns: { em: 'id' },
    idColumn: 'id',
    sortValue: (row) => row.id,
    id: (row) => row.id,
    map: (row) => {
      const { seq: _, entidadeId, ...event } = toEvent(row);
      return { ...event, entidade_id: entidadeId };
    },
  });
}

export type Morta = DeadLetter & { evento_id: string | null; tipo: string | null };

export async function listMortas(db: Db, page: PageRequest): Promise<Page<Morta>> {
  const query = db
    .selectFrom('outbox_mortas')
    .leftJoin('outbox', 'outbox.seq', 'outbox_mortas.seq')
    .selectAll('outbox_mortas')
    .select(['outbox.id as evento_id', 'outbox.tipo']);
  return keysetPage(query, {
    page,
    columns: { morta_em: 'outbox_mortas.id' },
    idColumn: 'outbox_mortas.id',
    sortValue: (row) => row.id,
    id: (row) => row.id,
    map: (row) => row,
  });
}
