/** Causes that have begun, but have not lasted or been repeated as their rule asks for. */

import type { Db } from '../../storage/sqlite/unit-of-work';
import type { Causa } from './alertas.model';

export interface Espera {
  regra_id: string;
  entidade_id: string;
  desde: number;
  ocorrencias: number;
  /** When it will have lasted; null where that takes another value or event. */
  vence_em: number | null;
  causa: Causa | null;
}

export async function findEspera(db: Db, regraId: string, entidadeId: string): Promise<Espera | null> {
  const row = await db
    .selectFrom('alerta_esperas')
    .selectAll()
    .where('regra_id', '=', regraId)
    .where('entidade_id', '=', entidadeId)
    .executeTakeFirst();
  return row ? toEspera(row) : null;
}

export async function saveEspera(db: Db, { causa, ...espera }: Espera): Promise<void> {
  const { desde, ocorrencias, vence_em } = espera;
  const dados = JSON.stringify(causa);
  await db
    .insertInto('alerta_esperas')
    .values({ ...espera, dados })
    .onConflict((conflict) =>
      conflict.columns(['regra_id', 'entidade_id']).doUpdateSet({ desde, ocorrencias, vence_em, dados }),
    )
    .execute();
}

export async function deleteEspera(db: Db, regraId: string, entidadeId: string): Promise<void> {
  await db.deleteFrom('alerta_esperas').where('regra_id', '=', regraId).where('entidade_id', '=', entidadeId).execute();
}

export async function deleteEsperasOf(db: Db, regraId: string): Promise<void> {
  await db.deleteFrom('alerta_esperas').where('regra_id', '=', regraId).execute();
}

/** What has lasted long enough by now. */
export async function dueEsperas(db: Db, now: number, limit: number): Promise<Espera[]> {
  const rows = await db
    .selectFrom('alerta_esperas')
    .selectAll()
    .where('vence_em', 'is not', null)
    .where('vence_em', '<=', now)
    .orderBy('vence_em')
    .limit(limit)
    .execute();
  return rows.map(toEspera);
}

export async function esperasOfRegras(db: Db, regraIds: readonly string[]): Promise<Espera[]> {
  if (regraIds.length === 0) return [];
  const rows = await db.selectFrom('alerta_esperas').selectAll().where('regra_id', 'in', regraIds).execute();
  return rows.map(toEspera);
}

function toEspera({ dados, ...row }: Omit<Espera, 'causa'> & { dados: string }): Espera {
  return { ...row, causa: JSON.parse(dados) as Causa | null };
}
