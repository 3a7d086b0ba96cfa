/** Users with their profiles, as the calls about them need them. */

import type { Page, PageRequest } from '../../core/page';
import { Problem } from '../../core/problem';
import { keysetPage } from '../../storage/sqlite/keyset';
import type { Db } from '../../storage/sqlite/unit-of-work';
import { findUsuario, findUsuarioByEmail, saveUsuario, toUsuario, type Usuario } from './acesso.store';

export const usuarioSortable = ['criado_em', 'nome', 'email'] as const;

export interface UsuarioFilter {
  perfil_id?: string | undefined;
  ativo?: boolean | undefined;
}

/** A user and the name of its profile. */
export type UsuarioComPerfil = Usuario & { perfil_nome: string };

/** @throws Problem NAO_ENCONTRADO */
export async function getUsuario(db: Db, id: string): Promise<Usuario> {
  const usuario = await findUsuario(db, id);
  if (!usuario) throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há usuário com este id.' });
  return usuario;
}

export async function withPerfil(db: Db, usuario: Usuario): Promise<UsuarioComPerfil> {
  const { nome } = await db
    .selectFrom('perfis')
    .select('nome')
    .where('id', '=', usuario.perfil_id)
    .executeTakeFirstOrThrow();
  return { ...usuario, perfil_nome: nome };
}

export async function listUsuarios(
  db: Db,
  page: PageRequest,
  { perfil_id, ativo }: UsuarioFilter,
): Promise<Page<UsuarioComPerfil>> {
  let query = db
    .selectFrom('usuarios')
    .innerJoin('perfis', 'perfis.id', 'usuarios.perfil_id')
    .selectAll('usuarios')
    .select('perfis.nome as perfil_nome');
  if (perfil_id) query = query.where('usuarios.perfil_id', '=', perfil_id);
  if (ativo !== undefined) query = query.where('usuarios.ativo', '=', ativo ? 1 : 0);
  if (page.busca) {
    const like = `%${page.busca.replace(/[%_]/g, '_')}%`;
    query = query.where((where) =>
      where.or([where('usuarios.nome', 'like', like), where('usuarios.email', 'like', like)]),
    );
  }
  return keysetPage(query, {
    page,
    columns: { criado_em: 'usuarios.criado_em', nome: 'usuarios.nome', email: 'usuarios.email' },
    idColumn: 'usuarios.id',
    sortValue: (row) => row[usuarioSortable.find((name) => name === page.ordem.campo) ?? 'criado_em'],
    id: (row) => row.id,
    map: (row) => ({ ...toUsuario(row), perfil_nome: row.perfil_nome }),
  });
}

/** Creates or replaces the user. @throws Problem EMAIL_DUPLICADO */
export async function saveUnique(db: Db, usuario: Usuario): Promise<void> {
  const same = await findUsuarioByEmail(db, usuario.email);
  if (same && same.id !== usuario.id) throw new Problem('EMAIL_DUPLICADO');
  await saveUsuario(db, usuario);
}

/** With its sessions, tokens and API keys; what it did stays in the audit. */
export async function deleteUsuario(db: Db, id: string): Promise<void> {
  const sessoes = db.selectFrom('sessoes').select('id').where('usuario_id', '=', id);
  await db.deleteFrom('tokens_renovacao').where('sessao_id', 'in', sessoes).execute();
  await db.deleteFrom('sessoes').where('usuario_id', '=', id).execute();
  await db.deleteFrom('usuarios').where('id', '=', id).execute();
}
