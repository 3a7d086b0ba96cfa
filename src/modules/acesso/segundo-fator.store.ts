/** Recovery codes of the second factor, each kept as its HMAC. */

import type { Db } from '../../storage/sqlite/unit-of-work';

export async function replaceCodigos(db: Db, usuarioId: string, hmacs: readonly string[]): Promise<void> {
  await db.deleteFrom('codigos_recuperacao').where('usuario_id', '=', usuarioId).execute();
  if (hmacs.length === 0) return;
  const rows = hmacs.map((hmac) => ({ usuario_id: usuarioId, hmac, usado_em: null }));
  await db.insertInto('codigos_recuperacao').values(rows).execute();
}

/** Uses a code up. @returns whether it was there and unused. */
export async function useCodigo(db: Db, usuarioId: string, hmac: string, now: number): Promise<boolean> {
  const result = await db
    .updateTable('codigos_recuperacao')
    .set({ usado_em: now })
    .where('usuario_id', '=', usuarioId)
    .where('hmac', '=', hmac)
    .where('usado_em', 'is', null)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** How many codes are left. */
export async function countCodigos(db: Db, usuarioId: string): Promise<number> {
  const { total } = await db
    .selectFrom('codigos_recuperacao')
    .select((select) => select.fn.countAll<number>().as('total'))
    .where('usuario_id', '=', usuarioId)
    .where('usado_em', 'is', null)
    .executeTakeFirstOrThrow();
  return Number(total);
}
