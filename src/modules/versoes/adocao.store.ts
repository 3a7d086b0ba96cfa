/** Which version each machine runs, since when: noted where machines tell of it, read by who publishes. */

import { sql } from 'kysely';
import type { Page, PageRequest } from '../../core/page';
import { keysetPage } from '../../storage/sqlite/keyset';
import type { Db } from '../../storage/sqlite/unit-of-work';

/** Changes kept of one machine; one that flickers between versions must not fill the disk. */
const changesKeptMax = 100;
const versionsShownMax = 200;

export interface Passagem {
  versao: string;
  desde: number;
  ate: number | null;
}

export interface Rodando {
  maquina_id: string;
  nome: string;
  cliente_id: string;
  licenca_id: string;
  conexao: string;
  desde: number;
}

export interface Adocao {
  versao: string;
  maquinas: number;
  /** Since when the first and the newest of them run it. */
  primeira_em: number;
  ultima_em: number;
}

/** Notes what a machine says it runs; the same again is no change. */
export async function noteRunning(db: Db, maquinaId: string, versao: string | null, now: number): Promise<void> {
  if (versao === null) return;
  const present = await db
    .selectFrom('maquinas_versoes')
    .select('versao')
    .where('maquina_id', '=', maquinaId)
    .where('ate', 'is', null)
    .executeTakeFirst();
  if (present?.versao === versao) return;
  await db
    .updateTable('maquinas_versoes')
    .set({ ate: now })
    .where('maquina_id', '=', maquinaId)
    .where('ate', 'is', null)
    .execute();
  await db
    .insertInto('maquinas_versoes')
    .values({ maquina_id: maquinaId, desde: now, versao, ate: null })
    .onConflict((conflict) => conflict.columns(['maquina_id', 'desde']).doUpdateSet({ versao, ate: null }))
    .execute();
  const kept = db
    .selectFrom('maquinas_versoes')
    .select('desde')
    .where('maquina_id', '=', maquinaId)
    .orderBy('desde', 'desc')
    .limit(1)
    .offset(changesKeptMax);
  await db.deleteFrom('maquinas_versoes').where('maquina_id', '=', maquinaId).where('desde', '<=', kept).execute();
}

/** What a machine has run, the newest first. */
export async function passagensOf(db: Db, maquinaId: string): Promise<Passagem[]> {
  return db
    .selectFrom('maquinas_versoes')
    .select(['versao', 'desde', 'ate'])
    .where('maquina_id', '=', maquinaId)
    .orderBy('desde', 'desc')
    .execute();
}

/** The machines of a product that run a version now. */
export async function listRodando(
  db: Db,
  page: PageRequest,
  which: { produto_id: string; versao: string },
): Promise<Page<Rodando>> {
  const query = rodando(db)
    .select(['maquinas.id as maquina_id', 'maquinas.nome', 'maquinas.cliente_id', 'maquinas.licenca_id'])
    .select(['maquinas.conexao', 'maquinas_versoes.desde'])
    .where('licencas.produto_id', '=', which.produto_id)
    .where('maquinas_versoes.versao', '=', which.versao);
  return keysetPage(query, {
    page,
    columns: { desde: 'maquinas_versoes.desde' },
    idColumn: 'maquinas.id',
    sortValue: (row) => row.desde,
    id: (row) => row.maquina_id,
    map: (row) => row,
  });
}

/** How many machines of a product run each version, the most run first. */
export async function countRodando(db: Db, produtoId: string): Promise<Adocao[]> {
  const rows = await rodando(db)
    .select('maquinas_versoes.versao')
    .select([
      sql<number>`count(*)`.as('maquinas'),
      sql<number>`min(maquinas_versoes.desde)`.as('primeira_em'),
      sql<number>`max(maquinas_versoes.desde)`.as('ultima_em'),
    ])
    .where('licencas.produto_id', '=', produtoId)
    .groupBy('maquinas_versoes.versao')
    .orderBy('maquinas', 'desc')
    .limit(versionsShownMax)
    .execute();
  return rows.map((row) => ({ ...row, maquinas: Number(row.maquinas) }));
}

function rodando(db: Db) {
  return (
    db
      .selectFrom('maquinas_versoes')
      .innerJoin('maquinas', 'maquinas.id', 'maquinas_versoes.maquina_id')
      .innerJoin('licencas', 'licencas.id', 'maquinas.licenca_id')
      // A literal, so that the partial index answers.
      .where(sql<boolean>`maquinas_versoes.ate IS NULL`)
      .where('maquinas.ativa', '=', 1)
  );
}
