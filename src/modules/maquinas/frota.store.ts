/** Machines by the thousand: which ones a filter means, and how many are in which state. */

import { type SelectQueryBuilder, sql } from 'kysely';
import type { Schema } from '../../storage/sqlite/schema';
import { maquinasContaining } from '../../storage/sqlite/search';
import type { Db } from '../../storage/sqlite/unit-of-work';
import { endWithGrace } from '../licencas/vigencia.store';
import type { MaquinaStatus } from './maquinas.model';

/** What machines are chosen by; all that is given must hold. */
export interface MaquinaFilter {
  cliente_id?: string | undefined;
  licenca_id?: string | undefined;
  /** Slug or id. */
  produto?: string | undefined;
  status?: MaquinaStatus | undefined;
  versao?: string | undefined;
  /** What the operating system's name begins with, without regard to case. */
  so?: string | undefined;
  impressao?: string | undefined;
  busca?: string | undefined;
}

/** Machines with all that decides whether they may work. */
export function fromMaquinas(db: Db) {
  return db
    .selectFrom('maquinas')
    .innerJoin('licencas', 'licencas.id', 'maquinas.licenca_id')
    .innerJoin('clientes', 'clientes.id', 'maquinas.cliente_id')
    .leftJoin('assentos', (join) =>
      join.onRef('assentos.licenca_id', '=', 'maquinas.licenca_id').onRef('assentos.maquina_id', '=', 'maquinas.id'),
    );
}

/** Narrows a query over `fromMaquinas` to what a filter means at a moment. */
export function matching<TB extends keyof Schema, Row>(
  query: SelectQueryBuilder<Schema, TB, Row>,
  filter: MaquinaFilter,
  now: number,
): SelectQueryBuilder<Schema, TB, Row> {
  const { cliente_id, licenca_id, produto, status, versao, so, impressao, busca } = filter;
  const conditions = [
    cliente_id && sql<boolean>`maquinas.cliente_id = ${cliente_id}`,
    licenca_id && sql<boolean>`maquinas.licenca_id = ${licenca_id}`,
    produto &&
      sql<boolean>`maquinas.licenca_id IN (SELECT licencas.id FROM licencas WHERE licencas.produto_id IN
        (SELECT produtos.id FROM produtos WHERE produtos.slug = ${produto} OR produtos.id = ${produto}))`,
    versao && sql<boolean>`maquinas.versao = ${versao}`,
    so && sql<boolean>`maquinas.so LIKE ${`${so.replace(/[%_]/g, '_')}%`}`,
    impressao && sql<boolean>`maquinas.impressao = ${impressao.trim()}`,
    status && inStatus(status, now),
    busca && maquinasContaining(busca),
  ];
  let narrowed = query;
  for (const condition of conditions) if (condition) narrowed = narrowed.where(() => condition);
  return narrowed;
}

function inStatus(status: MaquinaStatus, now: number) {
  if (status === 'bloqueada') return blockedInEffect(now);
  return sql<boolean>`(maquinas.conexao = ${status} AND NOT ${blockedInEffect(now)})`;
}

/** The same rule as `machineEffect`, for filtering. */
function blockedInEffect(now: number) {
  return sql<boolean>`(maquinas.bloqueada = 1 OR maquinas.ativa = 0 OR licencas.situacao <> 'ativa' OR licencas.inadimplente = 1
    OR clientes.status <> 'ativo' OR licencas.inicia_em > ${now}
    OR (licencas.flutuante = 1 AND COALESCE(assentos.expira_em, 0) <= ${now})
    OR (licencas.expira_em IS NOT NULL AND ${endWithGrace} <= ${now}))`;
}

/** The ids of the machines a filter means, oldest first, at most `limit`. */
export async function idsMatching(db: Db, filter: MaquinaFilter, now: number, limit: number): Promise<string[]> {
  const query = matching(fromMaquinas(db).select('maquinas.id'), filter, now);
  const rows = await query.orderBy('maquinas.criado_em').orderBy('maquinas.id').limit(limit).execute();
  return rows.map(({ id }) => id);
}

/** How many machines there are in each status. */
export async function countByStatus(db: Db, filter: MaquinaFilter, now: number): Promise<Map<string, number>> {
  const status = sql<string>`CASE WHEN ${blockedInEffect(now)} THEN 'bloqueada' ELSE maquinas.conexao END`;
  const query = fromMaquinas(db).select([status.as('situacao'), sql<number>`count(*)`.as('total')]);
  const rows = await matching(query, filter, now).groupBy(status).execute();
  return new Map(rows.map((row) => [row.situacao, Number(row.total)]));
}
