/** Webhooks and their deliveries on the wire. */

import { t } from 'elysia';
import { rfc3339, rfc3339OrNull } from '../../core/clock';
import { line, oneOf, textOrNull, timestamp, timestampOrNull, uuid } from '../../transport/http/kit/wire';
import type { Entrega } from './entregas.store';
import { entregaStatus, maskHeaders, type Webhook } from './webhooks.model';

const urlCharactersMax = 2_048;
const patternsMax = 50;

const url = line(urlCharactersMax, { minLength: 1, examples: ['https://erp.exemplo.com.br/narcidi'] });
const eventos = t.Array(line(64, { examples: ['licenca.*'] }), {
  maxItems: patternsMax,
  description: 'Nomes, famílias (licenca.*) ou *',
});
const optional = {
  ativo: t.Optional(t.Boolean()),
  cabecalhos: t.Optional(
    t.Unsafe<Record<string, string>>(t.Record(t.String(), t.String(), { examples: [{ 'x-origem': 'narcidi' }] })),
  ),
  cliente_ids: t.Optional(t.Array(uuid, { description: 'Só eventos destes clientes; todos se vazia' })),
  modelo: t.Optional(
    t.Union([
      t.String({
        description: 'Modelo Liquid do corpo, que resulta em JSON; null manda o envelope',
        examples: ['{"evento": {{ tipo | json }}, "cliente": {{ dados.nome | json }}, "origem": "narcidi"}'],
      }),
      t.Null(),
    ]),
  ),
};

export const webhookBody = t.Object({ url, eventos, ...optional });
export const webhookEdit = t.Partial(t.Object({ url, eventos, ...optional }));

const webhookFields = {
  id: uuid,
  url: t.String(),
  eventos: t.Array(t.String()),
  cliente_ids: t.Array(uuid),
  cabecalhos: t.Record(t.String(), t.String(), { description: 'Os que parecem senhas saem mascarados' }),
  modelo: textOrNull,
  ativo: t.Boolean(),
  motivo_desativacao: textOrNull,
  falhando_desde: timestampOrNull,
  segredo_anterior_ate: timestampOrNull,
  criado_em: timestamp,
  atualizado_em: timestamp,
};

export const webhookSchema = t.Object(webhookFields);
export const webhookWithSecret = t.Object({
  ...webhookFields,
  segredo: t.String({ description: 'Só nesta resposta', examples: ['whsec_…'] }),
});

export function webhookView(webhook: Webhook): typeof webhookSchema.static {
  const { segredo: _, segredo_anterior: _old, rev: _rev, ...rest } = webhook;
  return {
    ...rest,
    cabecalhos: maskHeaders(webhook.cabecalhos),
    falhando_desde: rfc3339OrNull(webhook.falhando_desde),
    segredo_anterior_ate: rfc3339OrNull(webhook.segredo_anterior_ate),
    criado_em: rfc3339(webhook.criado_em),
    atualizado_em: rfc3339(webhook.atualizado_em),
  };
}

const requisicaoSchema = t.Object({
  url: t.String(),
  cabecalhos: t.Record(t.String(), t.String()),
  corpo: t.String(),
});

export const entregaSchema = t.Object({
  id: uuid,
  webhook_id: uuid,
  evento_id: uuid,
  tipo: t.String(),
  entidade_id: t.String(),
  status: oneOf(entregaStatus),
  tentativas: t.Integer(),
  proxima_em: timestampOrNull,
  criada_em: timestamp,
  tentada_em: timestampOrNull,
  duracao_ms: t.Union([t.Integer(), t.Null()]),
  requisicao: t.Union([requisicaoSchema, t.Null()], { description: 'A última tentativa; segredos mascarados' }),
  resposta: t.Union([t.Object({ status: t.Integer(), corpo: t.String() }), t.Null()]),
  erro: textOrNull,
});

export function entregaView(entrega: Entrega): typeof entregaSchema.static {
  const { seq: _, requisicao, resposta_status, resposta_corpo, ...rest } = entrega;
  return {
    ...rest,
    proxima_em: rfc3339OrNull(entrega.proxima_em),
    criada_em: rfc3339(entrega.criada_em),
    tentada_em: rfc3339OrNull(entrega.tentada_em),
    requisicao: requisicao === null ? null : (JSON.parse(requisicao) as typeof requisicaoSchema.static),
    resposta: resposta_status === null ? null : { status: resposta_status, corpo: resposta_corpo ?? '' },
  };
}
