/** Alerts and their rules on the wire. */

import { Type } from '@sinclair/typebox';
import { t } from 'elysia';
import { rfc3339, rfc3339OrNull } from '../../core/clock';
import { integer, line, oneOf, textOrNull, timestamp, timestampOrNull, uuid } from '../../transport/http/kit/wire';
import { type Alerta, alertaStatus, type Membro } from './alertas.model';
import { agrupamentos, canais, condicoes, minutosMax, type Regra, severidades } from './regras.model';

const alertaFields = {
  id: uuid,
  regra_id: uuid,
  regra: t.String({ description: 'O nome da regra' }),
  severidade: oneOf(severidades),
  titulo: t.String(),
  detalhe: t.String(),
  entidade: t.String({ description: 'maquina, cliente…; várias máquinas de um cliente são um alerta do cliente' }),
  entidade_id: t.String(),
  cliente_id: textOrNull,
  status: oneOf(alertaStatus),
  ocorrencias: t.Integer(),
  aberto_em: timestamp,
  ultima_em: timestamp,
  reconhecido_em: timestampOrNull,
  resolvido_em: timestampOrNull,
};

export const alertaSchema = t.Object(alertaFields);
export const alertaWithMembros = t.Object({
  ...alertaFields,
  membros: t.Array(t.Object({ entidade: t.String(), entidade_id: t.String(), nome: t.String(), desde: timestamp })),
});

export function alertaView(alerta: Alerta): typeof alertaSchema.static {
  const { grupo: _, fecha_em: _closes, notificar_em: _notify, rev: _rev, ...rest } = alerta;
  return {
    ...rest,
    aberto_em: rfc3339(alerta.aberto_em),
    ultima_em: rfc3339(alerta.ultima_em),
    reconhecido_em: rfc3339OrNull(alerta.reconhecido_em),
    resolvido_em: rfc3339OrNull(alerta.resolvido_em),
  };
}

export function membroView({ entidade, entidade_id, nome, desde }: Membro) {
  return { entidade, entidade_id, nome, desde: rfc3339(desde) };
}

// Not t.Number: that one also takes a text of digits, as a query has them.
const threshold = t.Union([Type.Number(), t.Null()]);
const silencio = t.Union([
  t.Object({
    ate: t.Optional(timestampOrNull),
    inicio: t.Optional(textOrNull),
    fim: t.Optional(textOrNull),
  }),
  t.Null(),
]);

const nome = line(100, { minLength: 1, examples: ['Disco quase cheio'] });

export const regraBody = t.Object({
  nome,
  evento: t.Optional(t.Union([line(64, { examples: ['maquina.offline'] }), t.Null()])),
  metrica: t.Optional(
    t.Union([
      line(64, { examples: ['disco'], description: 'cpu, memoria, disco, extras.<nome>, sistema.<nome>' }),
      t.Null(),
    ]),
  ),
  condicao: t.Optional(t.Union([oneOf(condicoes), t.Null()])),
  limite: t.Optional(threshold),
  limite_retorno: t.Optional(threshold),
  por_minutos: t.Optional(integer({ minimum: 0, maximum: minutosMax })),
  severidade: t.Optional(oneOf(severidades)),
  canais: t.Optional(t.Array(oneOf(canais), { maxItems: canais.length })),
  silencio: t.Optional(silencio),
  agrupar_por: t.Optional(oneOf(agrupamentos)),
  ativa: t.Optional(t.Boolean()),
});
export const regraEdit = t.Partial(regraBody);

export const regraSchema = t.Object({
  id: uuid,
  nome: t.String(),
  embutida: t.Boolean(),
  ativa: t.Boolean(),
  evento: textOrNull,
  metrica: textOrNull,
  condicao: t.Union([oneOf(condicoes), t.Null()]),
  limite: t.Union([t.Number(), t.Null()]),
  limite_retorno: t.Union([t.Number(), t.Null()]),
  por_minutos: t.Integer(),
  severidade: oneOf(severidades),
  canais: t.Array(oneOf(canais)),
  silencio,
  agrupar_por: oneOf(agrupamentos),
  criado_em: timestamp,
  atualizado_em: timestamp,
});

export function regraView({ rev: _, ...regra }: Regra): typeof regraSchema.static {
  const { ate = null, inicio = null, fim = null } = regra.silencio ?? {};
  return {
    ...regra,
    silencio: regra.silencio === null ? null : { ate, inicio, fim },
    criado_em: rfc3339(regra.criado_em),
    atualizado_em: rfc3339(regra.atualizado_em),
  };
}
