/** The seats of floating licences: leases that end by themselves. */

import type { Db } from '../../storage/sqlite/unit-of-work';

/**
 * Takes or extends a seat, if one is free. Inside the one write transaction, so never more than there are.
 * @param seats how many machines may run at once.
 * @returns whether the machine holds a seat now.
 */
export async function leaseSeat(
  db: Db,
  licencaId: string,
  maquinaId: string,
  { seats, now, until }: { seats: number; now: number; until: number },
): Promise<boolean> {
  await db.deleteFrom('assentos').where('licenca_id', '=', licencaId).where('expira_em', '<=', now).execute();
  const taken = await db.selectFrom('assentos').select('maquina_id').where('licenca_id', '=', licencaId).execute();
  const holds = taken.some((seat) => seat.maquina_id === maquinaId);
  if (!holds && taken.length >= seats) return false;
  await db
    .insertInto('assentos')
    .values({ licenca_id: licencaId, maquina_id: maquinaId, expira_em: until })
    .onConflict((conflict) => conflict.columns(['licenca_id', 'maquina_id']).doUpdateSet({ expira_em: until }))
    .execute();
  return true;
}

/** Gives a seat back at once. */
export async function freeSeat(db: Db, maquinaId: string, licencaId: string): Promise<void> {
  await db.deleteFrom('assentos').where('licenca_id', '=', licencaId).where('maquina_id', '=', maquinaId).execute();
}
