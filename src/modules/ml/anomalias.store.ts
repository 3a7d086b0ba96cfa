/** Anomalies in the database. */

import type { Db } from '../../storage/sqlite/unit-of-work';

export interface Anomalia {
  id: string;
  maquina_id: string;
  metrica: string;
  /** Epoch milliseconds on the machine's clock. */
  em: number;
  valor: number;
  /** Between which values the metric usually is. */
  usual_min: number;
  usual_max: number;
  /** 0 to 1. */
  pontuacao: number;
}

const columns = ['id', 'maquina_id', 'metrica', 'em', 'valor', 'usual_min', 'usual_max', 'pontuacao'] as const;
const dashboardMax = 500;

export async function insertAnomalias(db: Db, anomalias: readonly Anomalia[]): Promise<void> {
  if (anomalias.length > 0)
    await db
      .insertInto('anomalias')
      .values([...anomalias])
      .execute();
}

/** The newest anomalies of a machine with `from <= em < to`, at most 500, oldest first. */
export async function anomaliasOf(db: Db, maquinaId: string, fromMs: number, toMs: number): Promise<Anomalia[]> {
  const rows = await db
    .selectFrom('anomalias')
    .select(columns)
    .where('maquina_id', '=', maquinaId)
    .where('em', '>=', fromMs)
    .where('em', '<', toMs)
    .orderBy('em', 'desc')
    .limit(dashboardMax)
    .execute();
  return rows.reverse();
}

/** Removes what is older, a portion at a time. @returns how many. */
export async function deleteAnomaliasBefore(db: Db, epochMs: number, limit: number): Promise<number> {
  const old = db.selectFrom('anomalias').select('id').where('em', '<', epochMs).orderBy('em').limit(limit);
  const { numDeletedRows } = await db.deleteFrom('anomalias').where('id', 'in', old).executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
