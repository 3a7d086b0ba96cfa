/** Removing what can never open anything again. */

import type { Db } from '../../storage/sqlite/unit-of-work';

/** Refresh tokens that are over; a used one stays until then, for its return is what gives a thief away. @returns how many. */
export async function deleteTokens(db: Db, now: number, limit: number): Promise<number> {
  const over = db.selectFrom('tokens_renovacao').select('hmac').where('expira_em', '<=', now).limit(limit);
  const { numDeletedRows } = await db
    .deleteFrom('tokens_renovacao')
    .where('hmac', 'in', over)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}

/** Sessions without tokens that nobody has used since a moment. @returns how many. */
export async function deleteSessoes(db: Db, unusedSince: number, limit: number): Promise<number> {
  const over = db
    .selectFrom('sessoes')
    .select('sessoes.id')
    .where('usada_em', '<', unusedSince)
    .where((where) =>
      where.not(
        where.exists(
          where.selectFrom('tokens_renovacao').select('hmac').whereRef('tokens_renovacao.sessao_id', '=', 'sessoes.id'),
        ),
      ),
    )
    .where((where) => where.or([where('expira_em', 'is', null), where('expira_em', '<', unusedSince)]))
    .limit(limit);
  const { numDeletedRows } = await db.deleteFrom('sessoes').where('id', 'in', over).executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}

/** Codes for a new password that are over. @returns how many. */
export async function deleteRedefinicoes(db: Db, now: number, limit: number): Promise<number> {
  const over = db.selectFrom('redefinicoes_senha').select('hmac').where('expira_em', '<=', now).limit(limit);
  const { numDeletedRows } = await db
    .deleteFrom('redefinicoes_senha')
    .where('hmac', 'in', over)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
