/** Users, sessions and refresh tokens in the database. */

import type { Selectable } from 'kysely';
import type { SessaoTable, TokenRenovacaoTable, UsuarioTable } from '../../storage/sqlite/schema';
import type { Db } from '../../storage/sqlite/unit-of-work';
import { perfilAdministradorId } from './perfis.model';

export type Usuario = Omit<Selectable<UsuarioTable>, 'ativo'> & { ativo: boolean };
export type Sessao = Selectable<SessaoTable>;
export type TokenRenovacao = Selectable<TokenRenovacaoTable>;

export async function findUsuarioByEmail(db: Db, email: string): Promise<Usuario | null> {
  const row = await db.selectFrom('usuarios').selectAll().where('email', '=', email).executeTakeFirst();
  return row ? toUsuario(row) : null;
}

export async function findUsuario(db: Db, id: string): Promise<Usuario | null> {
  const row = await db.selectFrom('usuarios').selectAll().where('id', '=', id).executeTakeFirst();
  return row ? toUsuario(row) : null;
}

/** Of one user; whoever has more open has other worries. */
const sessoesShownMax = 200;

/** Whether any active user may do everything. */
export async function hasAdministrator(db: Db): Promise<boolean> {
  const row = await db
    .selectFrom('usuarios')
    .select('id')
    .where('perfil_id', '=', perfilAdministradorId)
    .where('ativo', '=', 1)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Creates the user or replaces every field of the one with the same id. */
export async function saveUsuario(db: Db, usuario: Usuario): Promise<void> {
  const { id, ...rest } = usuario;
  const row = { ...rest, ativo: usuario.ativo ? 1 : 0 };
  await db
    .insertInto('usuarios')
    .values({ id, ...row })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
    .execute();
}

export async function insertSessao(db: Db, sessao: Sessao): Promise<void> {
  await db.insertInto('sessoes').values(sessao).execute();
}

export async function findSessao(db: Db, id: string): Promise<Sessao | null> {
  return (await db.selectFrom('sessoes').selectAll().where('id', '=', id).executeTakeFirst()) ?? null;
}

/** Whether the user has entered from a network since a moment. */
export async function hasEnteredFrom(db: Db, usuarioId: string, rede: string, since: number): Promise<boolean> {
  const row = await db
    .selectFrom('sessoes')
    .select('id')
    .where('usuario_id', '=', usuarioId)
    .where('rede', '=', rede)
    .where('criada_em', '>', since)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

export async function touchSessao(db: Db, id: string, now: number): Promise<void> {
  await db.updateTable('sessoes').set({ usada_em: now }).where('id', '=', id).execute();
}

/** Ends sessions: one, or all of a user. */
export async function revokeSessoes(
  db: Db,
  which: { id: string } | { usuario_id: string },
  now: number,
): Promise<void> {
  const update = db.updateTable('sessoes').set({ revogada_em: now }).where('revogada_em', 'is', null);
  await ('id' in which
    ? update.where('id', '=', which.id)
    : update.where('usuario_id', '=', which.usuario_id)
  ).execute();
}

/** Ends every session of a user but one. */
export async function revokeOthers(db: Db, usuarioId: string, keptId: string | null, now: number): Promise<void> {
  let update = db
    .updateTable('sessoes')
    .set({ revogada_em: now })
    .where('usuario_id', '=', usuarioId)
    .where('revogada_em', 'is', null);
  if (keptId !== null) update = update.where('id', '<>', keptId);
  await update.execute();
}

/**
 * The sessions of a user that could still be used, the newest first.
 * @param unusedSince a session by refresh tokens is over when it was last used before this moment.
 */
export async function listSessoes(db: Db, usuarioId: string, now: number, unusedSince: number): Promise<Sessao[]> {
  return db
    .selectFrom('sessoes')
    .selectAll()
    .where('usuario_id', '=', usuarioId)
    .where('revogada_em', 'is', null)
    .where((where) => where.or([where('expira_em', 'is', null), where('expira_em', '>', now)]))
    .where('usada_em', '>', unusedSince)
    .orderBy('id', 'desc')
    .limit(sessoesShownMax)
    .execute();
}

export async function findSessaoByCookie(db: Db, hmac: string): Promise<Sessao | null> {
  return (await db.selectFrom('sessoes').selectAll().where('cookie_hmac', '=', hmac).executeTakeFirst()) ?? null;
}

export async function extendSessao(db: Db, id: string, now: number, expiraEm: number): Promise<void> {
  await db.updateTable('sessoes').set({ usada_em: now, expira_em: expiraEm }).where('id', '=', id).execute();
}

export async function insertTokenRenovacao(db: Db, token: TokenRenovacao): Promise<void> {
  await db.insertInto('tokens_renovacao').values(token).execute();
}

export async function findTokenRenovacao(db: Db, hmac: string): Promise<TokenRenovacao | null> {
  return (await db.selectFrom('tokens_renovacao').selectAll().where('hmac', '=', hmac).executeTakeFirst()) ?? null;
}

export async function useTokenRenovacao(db: Db, hmac: string, now: number): Promise<void> {
  await db.updateTable('tokens_renovacao').set({ usado_em: now }).where('hmac', '=', hmac).execute();
}

export async function readConfiguracao(db: Db, nome: string): Promise<{ valor: string; atualizado_em: number } | null> {
  const row = await db
    .selectFrom('configuracao')
    .select(['valor', 'atualizado_em'])
    .where('nome', '=', nome)
    .executeTakeFirst();
  return row ?? null;
}

export async function writeConfiguracao(db: Db, nome: string, valor: string, now: number): Promise<void> {
  await db
    .insertInto('configuracao')
    .values({ nome, valor, atualizado_em: now })
    .onConflict((conflict) => conflict.column('nome').doUpdateSet({ valor, atualizado_em: now }))
    .execute();
}

export async function deleteConfiguracao(db: Db, nome: string): Promise<void> {
  await db.deleteFrom('configuracao').where('nome', '=', nome).execute();
}

export function toUsuario(row: Selectable<UsuarioTable>): Usuario {
  return { ...row, ativo: row.ativo === 1 };
}
