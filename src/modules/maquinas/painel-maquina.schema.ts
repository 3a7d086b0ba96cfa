/** A machine's dashboard on the wire. */

import { t } from 'elysia';
import { oneOf, timestamp, uuid } from '../../transport/http/kit/wire';
import { alertaSchema } from '../alertas/alertas.schema';
import { periodos, type SeriesPoint, tendenciasMax } from './dashboard.model';
import { maquinaSchema } from './maquinas.schema';
import { resolucoes } from './series.store';

const rangeQuery = {
  de: t.Optional(t.String({ maxLength: 40, description: 'Começo, RFC 3339' })),
  ate: t.Optional(t.String({ maxLength: 40, description: 'Fim, RFC 3339; agora, se faltar' })),
};

export const dashboardQuery = t.Object({
  periodo: t.Optional(oneOf(periodos, 'Duração até o fim, quando não há `de`; 24h se faltar')),
  ...rangeQuery,
});

export const tendenciasQuery = t.Object({
  ids: t.String({
    minLength: 1,
    maxLength: 37 * tendenciasMax,
    description: `Ids de máquinas, separados por vírgula; no máximo ${tendenciasMax}`,
    examples: ['0199d3a0-7c1b-7e55-8f5e-3c0d7a1b2c3d'],
  }),
});

export const tendenciasSchema = t.Object({
  passo_ms: t.Integer({ description: 'Quanto tempo cada valor cobre' }),
  itens: t.Array(
    t.Object({
      id: uuid,
      cpu: t.Array(t.Union([t.Number(), t.Null()]), {
        description: 'Média de CPU de cada passo da última hora, do mais velho ao mais novo; null sem dados',
        examples: [[12.5, null, 14]],
      }),
    }),
  ),
});

export const exportQuery = t.Object({
  ...rangeQuery,
  resolucao: t.Optional(oneOf(resolucoes, 'bruta: o mais fino que ainda se guarda')),
  extras: t.Optional(t.BooleanString({ description: 'Uma coluna por série extra' })),
});

/** Not a TypeBox array: validating and copying each of thousands of numbers would take longer than reading them. */
const seriesSchema = t.Unsafe<SeriesPoint[]>(
  t.Any({
    type: 'array',
    items: { type: 'array', items: { type: 'number' }, minItems: 4, maxItems: 4 },
    description: '[epoch_ms, média, mínimo, máximo]',
  }),
);

export const dashboardSchema = t.Object({
  maquina: maquinaSchema,
  licenca: t.Unknown(),
  periodo: oneOf(periodos),
  de: timestamp,
  ate: timestamp,
  passo_ms: t.Integer({ description: 'Largura de um ponto das séries' }),
  disponibilidade_pct: t.Union([t.Number(), t.Null()]),
  series: t.Object({ cpu: seriesSchema, memoria: seriesSchema, disco: seriesSchema }),
  extras: t.Unsafe<Record<string, SeriesPoint[]>>(t.Any({ description: 'As séries extras, por nome, na mesma forma' })),
  anomalias: t.Array(
    t.Object({
      em: timestamp,
      metrica: t.String({ examples: ['cpu'] }),
      valor: t.Number(),
      pontuacao: t.Number({ minimum: 0, maximum: 1 }),
      texto: t.String({ examples: ['CPU em 97 %, quando costuma ficar entre 10 e 40 %'] }),
    }),
  ),
  alertas: t.Array(alertaSchema, { description: 'Os últimos da máquina, também os do grupo dela' }),
});
