/** A machine's dashboard and its heartbeats as CSV, over HTTP. */

import { Elysia } from 'elysia';
import { type Clock, dayMs, rfc3339 } from '../../core/clock';
import { readPage } from '../../core/page';
import { moment } from '../../transport/http/kit/moment';
import { idParams, type Platform } from '../../transport/http/kit/platform';
import { docs } from '../../transport/http/kit/wire';
import { alertaView } from '../alertas/alertas.schema';
import type { Alertas } from '../alertas/alertas.service';
import { alertaSortable } from '../alertas/alertas.store';
import type { Licencas } from '../licencas/licencas.service';
import { licencaView } from '../licencas/licencas.view';
import { periodMs, tendenciaStepMs } from './dashboard.model';
import { csvHeader, csvLine } from './exportar.model';
import { maquinaView } from './maquinas.view';
import {
  dashboardQuery,
  dashboardSchema,
  exportQuery,
  tendenciasQuery,
  tendenciasSchema,
} from './painel-maquina.schema';
import type { PainelMaquina } from './painel-maquina.service';
import type { Bucket, Heard } from './series.store';

const tag = 'Máquinas';
const csvChunkCharacters = 65_536;
/** The latest, closed ones too. */
const alertasShown = 20;

interface Dependencies {
  platform: Platform;
  licencas: Licencas;
  painel: PainelMaquina;
  alertas: Alertas;
  clock: Clock;
  heard(maquinaId: string): Heard | null;
}

export function painelMaquinaRoutes({ platform, licencas, painel, alertas, clock, heard }: Dependencies) {
  return new Elysia({ prefix: '/maquinas' })
    .use(platform)
    .get(
      '/tendencias',
      async ({ ator, query }) => ({
        passo_ms: tendenciaStepMs,
        itens: await painel.tendencias(await ator(), query.ids.split(',')),
      }),
      {
        acesso: 'maquinas:ler',
        query: tendenciasQuery,
        response: { 200: tendenciasSchema },
        detail: docs(
          tag,
          'tendenciasDeMaquinas',
          'A última hora de várias máquinas',
          'Pouco de cada uma, para as linhas de uma tabela. Ids que não existem ficam de fora.',
        ),
      },
    )
    .get(
      '/:id/dashboard',
      async ({ ator, params, query }) => {
        const actor = await ator();
        const periodo = query.periodo ?? '24h';
        const { found, span, disponibilidade, series, anomalias } = await painel.dashboard(actor, params.id, {
          ...rangeOf(query),
          lastMs: periodMs[periodo],
        });
        const { facts } = await licencas.obter({ ...actor, permissoes: ['licencas:ler'] }, found.maquina.licenca_id);
        const now = clock.now();
        const page = readPage({ limite: alertasShown }, alertaSortable, '-aberto_em');
        const of = { entidade_id: params.id };
        const { extras, ...main } = series;
        return {
          maquina: maquinaView(found, heard(params.id), now),
          licenca: licencaView(facts, now, null),
          periodo,
          de: rfc3339(span.fromMs),
          ate: rfc3339(span.toMs),
          passo_ms: span.widthMs,
          disponibilidade_pct: disponibilidade,
          series: main,
          extras,
          anomalias: anomalias.map(({ em, ...anomalia }) => ({ em: rfc3339(em), ...anomalia })),
          alertas: (await alertas.listar({ ...actor, permissoes: ['alertas:ler'] }, page, of)).itens.map(alertaView),
        };
      },
      {
        acesso: 'maquinas:ler',
        params: idParams,
        query: dashboardQuery,
        response: { 200: dashboardSchema },
        detail: docs(
          tag,
          'painelDaMaquina',
          'Séries e disponibilidade de uma máquina',
          'De um período até agora, ou de `de` até `ate`. Tempo sem dados conta como fora do ar e não tem ponto.',
        ),
      },
    )
    .get(
      '/:id/export',
      async ({ ator, params, query }) => {
        const range = { ...rangeOf(query), lastMs: dayMs };
        const { names, buckets } = await painel.stored(await ator(), params.id, range, query.resolucao ?? 'bruta');
        return new Response(csvStream(buckets, query.extras ? names : []), {
          headers: {
            'content-type': 'text/csv; charset=utf-8',
            'content-disposition': `attachment; filename="maquina-${params.id}.csv"`,
          },
        });
      },
      {
        acesso: 'maquinas:ler',
        params: idParams,
        query: exportQuery,
        detail: {
          ...docs(
            tag,
            'exportarHeartbeats',
            'Os heartbeats de um período em CSV',
            'Além do que se guarda bruto, a média de cada minuto, e depois de cada hora.',
          ),
          responses: { 200: { description: 'Cabeçalho e uma linha por heartbeat', content: { 'text/csv': {} } } },
        },
      },
    );
}

/** The CSV as a stream that reads the store only as fast as the caller takes it. */
function csvStream(buckets: AsyncIterable<readonly Bucket[]>, names: readonly string[]): ReadableStream<Uint8Array> {
  const chunks = csvChunks(buckets, names);
  return new ReadableStream({
    pull: async (controller) => {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: async () => {
      await chunks.return();
    },
  });
}

async function* csvChunks(
  portions: AsyncIterable<readonly Bucket[]>,
  names: readonly string[],
): AsyncGenerator<Uint8Array, void> {
  const encoder = new TextEncoder();
  let chunk = csvHeader(names);
  for await (const buckets of portions) {
    for (const bucket of buckets) chunk += csvLine(bucket, names);
    if (chunk.length < csvChunkCharacters) continue;
    yield encoder.encode(chunk);
    chunk = '';
  }
  yield encoder.encode(chunk);
}

function rangeOf(query: { de?: string | undefined; ate?: string | undefined }) {
  return {
    de: query.de === undefined ? null : moment('de', query.de),
    ate: query.ate === undefined ? null : moment('ate', query.ate),
  };
}
