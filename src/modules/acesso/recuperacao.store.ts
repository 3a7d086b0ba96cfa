/** Codes that set a password anew, each kept as its HMAC. */

import type { Selectable } from 'kysely';
import type { RedefinicaoSenhaTable } from '../../storage/sqlite/schema';
import type { Db } from '../../storage/sqlite/unit-of-work';

export type Redefinicao = Selectable<RedefinicaoSenhaTable>;

export async function insertRedefinicao(db: Db, redefinicao: Redefinicao): Promise<void> {
  await db.insertInto('redefinicoes_senha').values(redefinicao).execute();
}

export async function findRedefinicao(db: Db, hmac: string): Promise<Redefinicao | null> {
  return (await db.selectFrom('redefinicoes_senha').selectAll().where('hmac', '=', hmac).executeTakeFirst()) ?? null;
}

/** A new password makes every code of the user worthless. */
export async function useRedefinicoes(db: Db, usuarioId: string, now: number): Promise<void> {
  await db
    .updateTable('redefinicoes_senha')
    .set({ usada_em: now })
    .where('usuario_id', '=', usuarioId)
    .where('usada_em', 'is', null)
    .execute();
}
