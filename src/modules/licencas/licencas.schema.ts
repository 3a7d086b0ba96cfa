/** Licences on the wire. */

import { t } from 'elysia';
import {
  integer,
  line,
  metadados,
  oneOf,
  textOrNull,
  timestamp,
  timestampOrNull,
  uuid,
} from '../../transport/http/kit/wire';
import { diasMax, licencaStatus, licencaTipos } from './licencas.model';
import { validationCodes } from './validacao.model';

export const maquinasMax = 1_000_000;
const recursosMax = 200;
const offlineDiasMax = 365;
const excedentePctMax = 1_000;

const recurso = t.String({
  pattern: '^[A-Za-z0-9_.-]{1,64}(:\\d{1,9})?$',
  error: 'recursos são nomes como nfe ou usuarios:10',
  examples: ['usuarios:10'],
});

export const recursosField = t.Array(recurso, {
  maxItems: recursosMax,
  description: 'O que a licença inclui, com limite se houver',
});

const editable = {
  versoes: t.Optional(
    t.Union([
      line(200, { description: 'Faixa semver das versões permitidas', examples: ['>=4.0.0 <5.0.0'] }),
      t.Null(),
    ]),
  ),
  atualizacoes_ate: t.Optional(
    t.Union([timestamp, t.Null()], {
      description: 'Só tem direito a versões publicadas antes; até o fim se não for dito',
    }),
  ),
  excedente_pct: t.Optional(
    integer({ minimum: 0, maximum: excedentePctMax, description: 'Quanto além do limite ainda se aceita, com aviso' }),
  ),
  limite_maquinas: t.Optional(integer({ minimum: 1, maximum: maquinasMax, description: 'Assentos' })),
  recursos: t.Optional(recursosField),
  renovacao_automatica: t.Optional(t.Boolean()),
  offline_dias: t.Optional(
    integer({ minimum: 1, maximum: offlineDiasMax, description: 'Por quantos dias o certificado vale sem servidor' }),
  ),
  metadados: t.Optional(metadados),
};

export const novaLicencaBody = t.Object({
  flutuante: t.Optional(t.Boolean({ description: 'Assentos tomados por heartbeat e liberados por silêncio' })),
  cliente_id: uuid,
  tipo: oneOf(licencaTipos),
  produto: t.Optional(
    line(100, { description: 'Slug ou id do produto; padrao se não for dito', examples: ['padrao'] }),
  ),
  plano_id: t.Optional(t.Union([uuid, t.Null()])),
  dias: t.Optional(integer({ minimum: 1, maximum: diasMax })),
  inicia_em: t.Optional(timestamp),
  expira_em: t.Optional(t.Union([timestamp, t.Null()])),
  ...editable,
});

export const editLicencaBody = t.Object(editable);

export const renovarBody = t.Object({
  dias: t.Optional(integer({ minimum: 1, maximum: diasMax, examples: [30] })),
  expira_em: t.Optional(timestamp),
});

export const licencaFilterQuery = {
  cliente_id: t.Optional(uuid),
  produto_id: t.Optional(uuid),
  plano_id: t.Optional(uuid),
  tipo: t.Optional(oneOf(licencaTipos)),
  status: t.Optional(oneOf(licencaStatus)),
  chave_prefixo: t.Optional(t.String({ maxLength: 5 })),
};

export const licencaSchema = t.Object({
  id: uuid,
  chave: t.Optional(
    t.String({ description: 'Inteira só para quem tem licencas:editar', examples: ['7K2QX-9M4TD-0ZB8W-H3VCE-R5N6P'] }),
  ),
  chave_prefixo: t.String({ examples: ['7K2QX'] }),
  cliente_id: uuid,
  produto_id: uuid,
  produto: t.String(),
  plano_id: textOrNull,
  tipo: oneOf(licencaTipos),
  status: oneOf(licencaStatus),
  motivo_bloqueio: textOrNull,
  limite_maquinas: t.Integer(),
  maquinas_ativas: t.Integer(),
  recursos: t.Array(t.String()),
  inicia_em: timestamp,
  expira_em: timestampOrNull,
  versoes: textOrNull,
  atualizacoes_ate: timestampOrNull,
  excedente_pct: t.Integer(),
  inadimplente: t.Boolean(),
  flutuante: t.Boolean({ description: 'Se os assentos são tomados por heartbeat' }),
  renovacao_automatica: t.Boolean(),
  offline_dias: t.Integer(),
  metadados: t.Optional(t.Record(t.String(), t.Unknown())),
  criado_em: timestamp,
  atualizado_em: timestamp,
});

export const chaveParams = t.Object({
  chave: t.String({
    description: 'A chave da licença, com ou sem traços',
    examples: ['7K2QX-9M4TD-0ZB8W-H3VCE-R5N6P'],
  }),
});

export const machineFields = {
  impressao: t.String({
    maxLength: 4096,
    description: 'O que identifica a máquina; 1 a 4.096 bytes',
    examples: ['b7e2c0f4-5a1d-4c6e-9f3b-2d8a7c5e1f90'],
  }),
  nome: t.Optional(line(200, { examples: ['CAIXA-02'] })),
  hostname: t.Optional(line(255)),
  so: t.Optional(line(100, { examples: ['Windows 11'] })),
  arquitetura: t.Optional(line(32, { examples: ['x64'] })),
  versao: t.Optional(line(64, { examples: ['4.2.1'] })),
  produto: t.Optional(line(100)),
};

export const desativarBody = t.Object({ impressao: machineFields.impressao });

export const verificarQuery = t.Object({
  impressao: t.Optional(t.String()),
  produto: t.Optional(t.String()),
  versao: t.Optional(t.String()),
  recursos: t.Optional(t.String({ description: 'Nomes separados por vírgula', examples: ['nfe,usuarios'] })),
  nonce: t.Optional(t.String({ description: 'Devolvido dentro do certificado' })),
  explicar: t.Optional(t.String({ description: 'true para saber todos os motivos' })),
});

export const verificacaoItem = t.Object({
  chave: t.String(),
  impressao: t.Optional(t.String()),
  produto: t.Optional(t.String()),
  versao: t.Optional(t.String()),
  recursos: t.Optional(t.Array(t.String(), { maxItems: recursosMax })),
  nonce: t.Optional(t.String({ maxLength: 1024 })),
  explicar: t.Optional(t.Boolean()),
});

export const verificacaoSchema = t.Object({
  valida: t.Boolean(),
  codigo: oneOf(validationCodes),
  detalhe: t.String(),
  definitivo: t.Boolean({ description: 'Se o cliente pode confiar na resposta; false só em 429 e 5xx' }),
  em_carencia: t.Optional(t.Boolean()),
  licenca: t.Optional(licencaSchema),
  certificado: t.Optional(t.String({ description: 'JWS compacto, EdDSA' })),
  motivos: t.Optional(t.Array(t.Object({ codigo: t.String(), detalhe: t.String(), remedio: t.String() }))),
});
