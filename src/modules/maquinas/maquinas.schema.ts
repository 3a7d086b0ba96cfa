/** Machines on the wire. */

import { t } from 'elysia';
import { line, oneOf, textOrNull, timestamp, timestampOrNull, uuid } from '../../transport/http/kit/wire';
import { maquinaStatus } from './maquinas.model';

export const maquinaSchema = t.Object({
  id: uuid,
  cliente_id: uuid,
  licenca_id: uuid,
  nome: t.String(),
  impressao: t.String(),
  hostname: textOrNull,
  so: textOrNull,
  arquitetura: textOrNull,
  versao: textOrNull,
  ip: textOrNull,
  status: oneOf(maquinaStatus),
  conexao: t.String(),
  ativa: t.Boolean({ description: 'Se ocupa um assento da licença' }),
  bloqueada: t.Boolean({ description: 'O que vale: bloqueio da máquina, da licença ou do cliente' }),
  codigo: t.String({ description: 'Como na verificação' }),
  motivo_bloqueio: textOrNull,
  revisao: t.Integer(),
  bloqueio_enviado_em: timestampOrNull,
  bloqueio_entregue_em: timestampOrNull,
  bloqueio_aplicado_em: timestampOrNull,
  bloqueio_recusado_em: timestampOrNull,
  bloqueio_detalhe: t.Union([t.String(), t.Null()], { description: 'O que a máquina respondeu ao estado desejado' }),
  ultimo_heartbeat_em: timestampOrNull,
  ultimas: t.Union([t.Object({ em: timestamp, cpu: t.Number(), memoria: t.Number(), disco: t.Number() }), t.Null()], {
    description: 'O heartbeat mais novo, em porcentagem',
  }),
  criado_em: timestamp,
  atualizado_em: timestamp,
});

export const editMaquinaBody = t.Object({
  nome: t.Optional(line(200, { minLength: 1 })),
  hostname: t.Optional(t.Union([line(255), t.Null()])),
  so: t.Optional(t.Union([line(100), t.Null()])),
  arquitetura: t.Optional(t.Union([line(32), t.Null()])),
  versao: t.Optional(t.Union([line(64), t.Null()])),
});

export const maquinaFilterQuery = {
  cliente_id: t.Optional(uuid),
  licenca_id: t.Optional(uuid),
  produto: t.Optional(t.String({ maxLength: 64, description: 'Slug ou id' })),
  status: t.Optional(oneOf(maquinaStatus)),
  versao: t.Optional(t.String({ maxLength: 64 })),
  so: t.Optional(t.String({ maxLength: 100, description: 'Como o nome do sistema começa' })),
  impressao: t.Optional(t.String({ maxLength: 4096 })),
};

/** The filters of a list, for calls that have no page. */
export const fleetFilterFields = {
  ...maquinaFilterQuery,
  busca: t.Optional(t.String({ maxLength: 200, description: 'Parte do texto procurado' })),
};

const heartbeat = t.Object(
  {
    cpu: t.Number({ minimum: 0, maximum: 100 }),
    memoria: t.Number({ minimum: 0, maximum: 100 }),
    disco: t.Number({ minimum: 0, maximum: 100 }),
    em: t.Optional(timestamp),
    versao: t.Optional(t.String()),
    extras: t.Optional(t.Record(t.String(), t.Number())),
  },
  { examples: [{ cpu: 37.5, memoria: 61.2, disco: 48, em: '2026-11-24T14:05:00Z' }] },
);

/** For the document; what arrives is read by the model, the same way as over MQTT. */
export const heartbeatBodyDocument = t.Union([heartbeat, t.Array(heartbeat, { maxItems: 1000 })]);

export const heartbeatAnswerSchema = t.Object({
  recebidos: t.Integer(),
  maquina: t.Object({ bloqueada: t.Boolean(), codigo: t.String(), motivo_bloqueio: textOrNull, revisao: t.Integer() }),
  intervalo_s: t.Integer({ description: 'De quanto em quanto tempo mandar o próximo, em segundos' }),
  certificado: t.String(),
});

export const mqttAccessSchema = t.Object({
  url: t.String({ examples: ['mqtt://127.0.0.1:1883'] }),
  client_id: t.String(),
  usuario: t.String(),
  senha: t.String(),
  topicos: t.Object({
    heartbeat: t.String(),
    estado: t.String(),
    comandos: t.String(),
    respostas: t.String(),
    conexao: t.String(),
  }),
});

/** The prefix of a machine's topics. */
export function machineTopic(maquinaId: string): string {
  return `narcidi/v1/maquinas/${maquinaId}`;
}

/** How a machine reaches the broker. */
export function mqttAccess(maquinaId: string, token: string, url: string): typeof mqttAccessSchema.static {
  const base = machineTopic(maquinaId);
  return {
    url,
    client_id: maquinaId,
    usuario: maquinaId,
    senha: token,
    topicos: {
      heartbeat: `${base}/heartbeat`,
      estado: `${base}/estado`,
      comandos: `${base}/comandos`,
      respostas: `${base}/respostas`,
      conexao: `${base}/conexao`,
    },
  };
}
