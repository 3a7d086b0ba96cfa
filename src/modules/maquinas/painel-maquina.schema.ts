/** A machine's dashboard on the wire. */

import { t } from 'elysia';
import { oneOf, timestamp } from '../../transport/http/kit/wire';
import { alertaSchema } from '../alertas/alertas.schema';
import { periodos, type SeriesPoint } from './dashboard.model';
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
