/** A machine's dashboard and its heartbeats as CSV, over HTTP. */

import { Elysia, t } from 'elysia';
import { type Clock, dayMs, parseRfc3339, rfc3339 } from '../../core/clock';
import { invalidField } from '../../core/problem';
import { idParams, type Platform } from '../../transport/http/kit/platform';
import { docs } from '../../transport/http/kit/wire';
import type { Licencas } from '../licencas/licencas.service';
import { licencaView } from '../licencas/licencas.view';
import { dashboardQuery, dashboardSchema } from './maquinas.schema';
import { maquinaView } from './maquinas.view';
import type { PainelMaquina } from './painel-maquina.service';
import type { HeartbeatPoint } from './series.store';

const tag = 'Máquinas';

interface Dependencies {
  platform: Platform;
  licencas: Licencas;
  painel: PainelMaquina;
  clock: Clock;
  lastSeen(maquinaId: string): number | null;
}

export function painelMaquinaRoutes({ platform, licencas, painel, clock, lastSeen }: Dependencies) {
  return new Elysia({ prefix: '/maquinas' })
    .use(platform)
    .get(
      '/:id/dashboard',
      async ({ ator, params, query }) => {
        const actor = await ator();
        const periodo = query.periodo ?? '24h';
        const { found, disponibilidade, series } = await painel.dashboard(actor, params.id, periodo);
        const { facts } = await licencas.obter({ ...actor, permissoes: ['licencas:ler'] }, found.maquina.licenca_id);
        const now = clock.now();
        return {
          maquina: maquinaView(found, lastSeen(params.id), now),
          licenca: licencaView(facts, now, null),
          periodo,
          disponibilidade_pct: disponibilidade,
          series,
          anomalias: [],
          alertas: [],
        };
      },
      {
        acesso: 'maquinas:ler',
        params: idParams,
        query: dashboardQuery,
        response: { 200: dashboardSchema },
        detail: docs(tag, 'painelDaMaquina', 'Séries e disponibilidade de uma máquina'),
      },
    )
    .get(
      '/:id/export',
      async ({ ator, params, query }) => {
        const now = clock.now();
        const from = query.de === undefined ? now - dayMs : moment('de', query.de);
        const to = query.ate === undefined ? now : moment('ate', query.ate);
        const points = await painel.heartbeats(await ator(), params.id, from, to);
        return new Response(csvStream(points), {
          headers: {
            'content-type': 'text/csv; charset=utf-8',
            'content-disposition': `attachment; filename="maquina-${params.id}.csv"`,
          },
        });
      },
      {
        acesso: 'maquinas:ler',
        params: idParams,
        query: t.Object({ de: t.Optional(t.String()), ate: t.Optional(t.String()) }),
        detail: {
          ...docs(tag, 'exportarHeartbeats', 'Os heartbeats de um período em CSV'),
          responses: { 200: { description: 'Cabeçalho e uma linha por heartbeat', content: { 'text/csv': {} } } },
        },
      },
    );
}

const csvLinesPerChunk = 1_000;

/** The CSV as a stream that reads the store only as fast as the caller takes it. */
function csvStream(points: Iterable<HeartbeatPoint>): ReadableStream<Uint8Array> {
  const chunks = csvChunks(points);
  return new ReadableStream({
    pull: (controller) => {
      const { done, value } = chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: () => {
      chunks.return();
    },
  });
}

function* csvChunks(points: Iterable<HeartbeatPoint>): Generator<Uint8Array, void> {
  const encoder = new TextEncoder();
  let chunk = 'em,cpu,memoria,disco\n';
  let lines = 0;
  for (const { em, cpu, memoria, disco } of points) {
    chunk += `${rfc3339(em)},${cpu},${memoria},${disco}\n`;
    lines += 1;
    if (lines % csvLinesPerChunk === 0) {
      yield encoder.encode(chunk);
      chunk = '';
    }
  }
  yield encoder.encode(chunk);
}

function moment(campo: string, text: string): number {
  const epochMs = parseRfc3339(text);
  if (epochMs === null) throw invalidField(campo, 'deve ser uma data e hora RFC 3339');
  return epochMs;
}
