/** The calendar's rules of `licencas.model` in SQL, for queries that filter or count by them. */

import { sql } from 'kysely';
import { dayMs } from '../../core/clock';

/** When a licence stops working, its grace included; null for one that never does. As `effectiveEnd`, over `licencas`. */
export const endWithGrace = sql<number | null>`(licencas.expira_em
  + CASE licencas.tipo WHEN 'assinatura' THEN licencas.carencia_dias * ${sql.lit(dayMs)} ELSE 0 END)`;

/** The status at a moment, as `licencaStatusAt`, over `licencas` joined with `clientes`. */
export function licencaStatusSql(now: number) {
  return sql<string>`CASE
    WHEN licencas.situacao = 'cancelada' OR clientes.status = 'cancelado' THEN 'cancelada'
    WHEN licencas.situacao = 'bloqueada' OR licencas.inadimplente = 1 OR clientes.status = 'bloqueado' THEN 'bloqueada'
    WHEN licencas.inicia_em > ${now} THEN 'pendente'
    WHEN licencas.expira_em IS NOT NULL AND ${endWithGrace} <= ${now} THEN 'expirada'
    ELSE 'ativa' END`;
}
