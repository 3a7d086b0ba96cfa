/** Profiles in the database. Every row passes one mapper. */

import type { Selectable } from 'kysely';
import type { Page, PageRequest } from '../../core/page';
import { Problem } from '../../core/problem';
import { keysetPage } from '../../storage/sqlite/keyset';
import type { PerfilTable } from '../../storage/sqlite/schema';
import type { Db } from '../../storage/sqlite/unit-of-work';
import { type Perfil, perfisEmbutidos } from './perfis.model';

export const perfilSortable = ['criado_em', 'nome'] as const;

/** Writes the built-in profiles as this version defines them. */
export async function ensurePerfis(db: Db, now: number): Promise<void> {
  for (const perfil of perfisEmbutidos) {
    const permissoes = JSON.stringify(perfil.permissoes);
    await db
      .insertInto('perfis')
      .values({ id: perfil.id, nome: perfil.nome, permissoes, embutido: 1, criado_em: now, atualizado_em: now, rev: 1 })
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ permissoes }))
      .execute();
  }
}

export async function findPerfil(db: Db, id: string): Promise<Perfil | null> {
  const row = await db.selectFrom('perfis').selectAll().where('id', '=', id).executeTakeFirst();
  return row ? toPerfil(row) : null;
}

/** @throws Problem NAO_ENCONTRADO */
export async function getPerfil(db: Db, id: string): Promise<Perfil> {
  const perfil = await findPerfil(db, id);
  if (!perfil) throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há perfil com este id.' });
  return perfil;
}

export async function listPerfis(db: Db, page: PageRequest): Promise<Page<Perfil>> {
  let query = db.selectFrom('perfis').selectAll();
  if (page.busca) query = query.where('nome', 'like', `%${page.busca.replace(/[%_]/g, '_')}%`);
  return keysetPage(query, {
    page,
    columns: { criado_em: 'criado_em', nome: 'nome' },
    idColumn: 'id',
    sortValue: (row) => row[perfilSortable.find((name) => name === page.ordem.campo) ?? 'criado_em'],
    id: (row) => row.id,
    map: toPerfil,
  });
}

/** @throws Problem NOME_DUPLICADO */
export async function insertPerfil(db: Db, perfil: Perfil): Promise<void> {
  await refuseDuplicate(db, perfil);
  await db.insertInto('perfis').values(toRow(perfil)).execute();
}

/** @throws Problem NOME_DUPLICADO, VERSAO_DESATUALIZADA */
export async function updatePerfil(db: Db, perfil: Perfil): Promise<void> {
  await refuseDuplicate(db, perfil);
  const { id, ...row } = toRow(perfil);
  const result = await db
    .updateTable('perfis')
    .set(row)
    .where('id', '=', id)
    .where('rev', '=', perfil.rev - 1)
    .executeTakeFirst();
  if (result.numUpdatedRows !== 1n) throw new Problem('VERSAO_DESATUALIZADA');
}

/** @throws Problem EM_USO while a user has it. */
export async function deletePerfil(db: Db, id: string): Promise<void> {
  const usuario = await db.selectFrom('usuarios').select('id').where('perfil_id', '=', id).limit(1).executeTakeFirst();
  if (usuario) throw new Problem('EM_USO', { detalhe: 'Há usuários com este perfil.' });
  await db.deleteFrom('perfis').where('id', '=', id).execute();
}

async function refuseDuplicate(db: Db, { id, nome }: Perfil): Promise<void> {
  const same = await db.selectFrom('perfis').select('id').where('nome', '=', nome).executeTakeFirst();
  if (same && same.id !== id) throw new Problem('NOME_DUPLICADO');
}

function toPerfil(row: Selectable<PerfilTable>): Perfil {
  return { ...row, permissoes: JSON.parse(row.permissoes) as string[], embutido: row.embutido === 1 };
}

function toRow(perfil: Perfil): Selectable<PerfilTable> {
  return { ...perfil, permissoes: JSON.stringify(perfil.permissoes), embutido: perfil.embutido ? 1 : 0 };
}
