/** API keys in the database. Every row passes one mapper. */

import type { Selectable } from 'kysely';
import type { Page, PageRequest } from '../../core/page';
import { Problem } from '../../core/problem';
import { keysetPage } from '../../storage/sqlite/keyset';
import type { ChaveApiTable } from '../../storage/sqlite/schema';
import type { Db } from '../../storage/sqlite/unit-of-work';

export const chaveApiSortable = ['criado_em', 'nome'] as const;

/** How old the noted last use may become before it is written again. */
const useNotedMs = 60_000;

export type ChaveApi = Omit<Selectable<ChaveApiTable>, 'permissoes' | 'enderecos' | 'ativa'> & {
  permissoes: string[];
  /** Networks it may be used from; none means any. */
  enderecos: string[];
  ativa: boolean;
};

export async function findChaveApi(db: Db, id: string): Promise<ChaveApi | null> {
  const row = await db.selectFrom('chaves_api').selectAll().where('id', '=', id).executeTakeFirst();
  return row ? toChaveApi(row) : null;
}

/** @throws Problem NAO_ENCONTRADO */
export async function getChaveApi(db: Db, id: string): Promise<ChaveApi> {
  const chave = await findChaveApi(db, id);
  if (!chave) throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há chave de API com este id.' });
  return chave;
}

export async function listChavesApi(db: Db, page: PageRequest): Promise<Page<ChaveApi>> {
  let query = db.selectFrom('chaves_api').selectAll();
  if (page.busca) query = query.where('nome', 'like', `%${page.busca.replace(/[%_]/g, '_')}%`);
  return keysetPage(query, {
    page,
    columns: { criado_em: 'criado_em', nome: 'nome' },
    idColumn: 'id',
    sortValue: (row) => row[chaveApiSortable.find((name) => name === page.ordem.campo) ?? 'criado_em'],
    id: (row) => row.id,
    map: toChaveApi,
  });
}

/** Creates the key or replaces every field of the one with the same id. */
export async function saveChaveApi(db: Db, chave: ChaveApi): Promise<void> {
  const { id, ...rest } = chave;
  const row = {
    ...rest,
    permissoes: JSON.stringify(chave.permissoes),
    enderecos: JSON.stringify(chave.enderecos),
    ativa: chave.ativa ? 1 : 0,
  };
  await db
    .insertInto('chaves_api')
    .values({ id, ...row })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
    .execute();
}

/** Notes when and from where the key was used, to the minute: not every request is worth a write. */
export async function touchChaveApi(db: Db, id: string, ip: string | null, now: number): Promise<void> {
  await db
    .updateTable('chaves_api')
    .set({ usada_em: now, usada_de: ip })
    .where('id', '=', id)
    .where((where) => where.or([where('usada_em', 'is', null), where('usada_em', '<', now - useNotedMs)]))
    .execute();
}

export async function deleteChaveApi(db: Db, id: string): Promise<void> {
  await db.deleteFrom('chaves_api').where('id', '=', id).execute();
}

function toChaveApi(row: Selectable<ChaveApiTable>): ChaveApi {
  return {
    ...row,
    permissoes: JSON.parse(row.permissoes) as string[],
    enderecos: JSON.parse(row.enderecos) as string[],
    ativa: row.ativa === 1,
  };
}
