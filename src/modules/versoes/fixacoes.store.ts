/** Pins: a customer's or a machine's software held at a version. */

import type { Database } from 'bun:sqlite';
import type { Selectable } from 'kysely';
import type { Page, PageRequest } from '../../core/page';
import { prepareRead } from '../../storage/sqlite/fast-read';
import { keysetPage } from '../../storage/sqlite/keyset';
import type { FixacaoTable } from '../../storage/sqlite/schema';
import type { Db } from '../../storage/sqlite/unit-of-work';

export const alvos = ['cliente', 'maquina'] as const;
export type Alvo = (typeof alvos)[number];
export type Fixacao = Selectable<FixacaoTable>;

/** The pin of a machine, or else of its customer. */
export type FindFixada = (maquinaId: string | null, clienteId: string, produtoId: string) => string | null;

/** A prepared read: asked by every check. */
export function fixadaReader(handle: Database, db: Db): FindFixada {
  const pin = prepareRead<{ versao: string }>(
    handle,
    db.selectFrom('fixacoes').select('versao').where('alvo_id', '=', '').where('produto_id', '=', '').compile(),
  );
  return (maquinaId, clienteId, produtoId) =>
    ((maquinaId && pin(maquinaId, produtoId)) || pin(clienteId, produtoId))?.versao ?? null;
}

export async function findFixacao(db: Db, id: string): Promise<Fixacao | null> {
  return (await db.selectFrom('fixacoes').selectAll().where('id', '=', id).executeTakeFirst()) ?? null;
}

/** Pins, or moves the pin there is. */
export async function putFixacao(db: Db, fixacao: Fixacao): Promise<void> {
  await db
    .deleteFrom('fixacoes')
    .where('alvo_id', '=', fixacao.alvo_id)
    .where('produto_id', '=', fixacao.produto_id)
    .execute();
  await db.insertInto('fixacoes').values(fixacao).execute();
}

export async function deleteFixacao(db: Db, id: string): Promise<void> {
  await db.deleteFrom('fixacoes').where('id', '=', id).execute();
}

export interface FixacaoFilter {
  alvo_id?: string | undefined;
  produto_id?: string | undefined;
}

export async function listFixacoes(db: Db, page: PageRequest, filter: FixacaoFilter): Promise<Page<Fixacao>> {
  let query = db.selectFrom('fixacoes').selectAll();
  if (filter.alvo_id) query = query.where('alvo_id', '=', filter.alvo_id);
  if (filter.produto_id) query = query.where('produto_id', '=', filter.produto_id);
  return keysetPage(query, {
    page,
    columns: { criado_em: 'criado_em' },
    idColumn: 'id',
    sortValue: (row) => row.criado_em,
    id: (row) => row.id,
    map: (row) => row,
  });
}
