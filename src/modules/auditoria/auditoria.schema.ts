/** The audit on the wire. */

import { t } from 'elysia';
import { rfc3339 } from '../../core/clock';
import { textOrNull, timestamp, uuid } from '../../transport/http/kit/wire';
import type { AuditRow } from './auditoria.store';

const snapshot = t.Union([t.Record(t.String(), t.Unknown()), t.Null()]);

export const auditSchema = t.Object({
  id: uuid,
  em: timestamp,
  ator: t.Object({ tipo: t.String(), id: textOrNull, nome: t.String() }),
  acao: t.String(),
  entidade: t.String(),
  entidade_id: t.String(),
  antes: snapshot,
  depois: snapshot,
  ip: textOrNull,
  request_id: textOrNull,
});

/** Fields that hold a moment, which rows keep in epoch milliseconds. */
const momentName = /(_em|_desde|_ate|^periodo_inicio|^periodo_fim)$/;

export function auditView(row: AuditRow): typeof auditSchema.static {
  return {
    id: row.id,
    em: rfc3339(row.em),
    ator: { tipo: row.ator_tipo, id: row.ator_id, nome: row.ator_nome },
    acao: row.acao,
    entidade: row.entidade,
    entidade_id: row.entidade_id,
    antes: snapshotView(row.antes),
    depois: snapshotView(row.depois),
    ip: row.ip,
    request_id: row.request_id,
  };
}

function snapshotView(text: string | null): Record<string, unknown> | null {
  if (text === null) return null;
  const fields = JSON.parse(text) as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'number' && momentName.test(name) ? rfc3339(value) : value,
    ]),
  );
}
