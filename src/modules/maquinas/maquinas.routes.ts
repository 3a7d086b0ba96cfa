/** `/maquinas` over HTTP. */

import { Elysia, t } from 'elysia';
import { type Clock, dayMs, parseRfc3339, rfc3339 } from '../../core/clock';
import { readPage } from '../../core/page';
import { invalidField, Problem } from '../../core/problem';
import { anonymous, contextOf } from '../../transport/http/kit/context';
import {
  created,
  etag,
  expectedRevision,
  idParams,
  linkNext,
  listQuery,
  type Platform,
  pageOf,
} from '../../transport/http/kit/platform';
import type { RateLimiter } from '../../transport/http/kit/rate-limit';
import { docs, motivoBody, uuid } from '../../transport/http/kit/wire';
import type { Ativacao } from '../licencas/ativacao.service';
import { activationSchema, activationView } from '../licencas/chave.routes';
import { machineFields } from '../licencas/licencas.schema';
import type { Licencas } from '../licencas/licencas.service';
import { licencaView } from '../licencas/licencas.view';
import type { MaquinaComLicenca } from './maquinas.model';
import {
  dashboardQuery,
  dashboardSchema,
  editMaquinaBody,
  maquinaFilterQuery,
  maquinaSchema,
  mqttAccess,
  mqttAccessSchema,
} from './maquinas.schema';
import type { Maquinas } from './maquinas.service';
import { type HeartbeatPoint, maquinaSortable } from './maquinas.store';
import { maquinaView } from './maquinas.view';
import type { PainelMaquina } from './painel-maquina.service';
import type { Presenca } from './presenca.service';

const tag = 'Máquinas';

interface Dependencies {
  platform: Platform;
  maquinas: Maquinas;
  licencas: Licencas;
  painel: PainelMaquina;
  ativacao: Ativacao;
  presenca: Presenca;
  limiter: RateLimiter;
  clock: Clock;
  mqttUrl(): string;
}

const registerBody = t.Object({
  ...machineFields,
  chave: t.Optional(t.String({ maxLength: 64, description: 'No lugar dos ids e do token' })),
  cliente_id: t.Optional(uuid),
  licenca_id: t.Optional(uuid),
});

export function maquinasRoutes(dependencies: Dependencies) {
  const { platform, maquinas, licencas, painel, ativacao, presenca, limiter, clock, mqttUrl } = dependencies;

  function view(found: MaquinaComLicenca, set: { headers: Record<string, string | number | undefined> }) {
    etag(set, found.maquina.rev);
    return maquinaView(found, presenca.lastSeen(found.maquina.id), clock.now());
  }

  const action = { params: idParams, response: { 200: maquinaSchema } };

  return new Elysia({ prefix: '/maquinas' })
    .use(platform)
    .post(
      '/',
      async ({ ator, body, request, set }) => {
        const actor = await ator();
        const { chave, cliente_id, licenca_id, ...description } = body;
        const byKey = chave !== undefined && actor.tipo === 'anonimo';
        if (byKey) Object.assign(set.headers, limiter.take(contextOf(request).ip));
        else if (actor.tipo === 'anonimo') throw new Problem('NAO_AUTENTICADO');
        const activation = byKey
          ? await ativacao.ativar(anonymous(request), chave, description)
          : await maquinas.registrar(actor, {
              ...description,
              cliente_id: cliente_id ?? required('cliente_id'),
              licenca_id: licenca_id ?? required('licenca_id'),
            });
        const { maquina } = activation;
        if (activation.nova) created(set, `/api/v1/maquinas/${maquina.id}`, maquina.rev);
        const answer = activationView(activation, clock.now(), mqttUrl());
        return { ...answer.maquina, ...answer };
      },
      {
        acesso: 'publico',
        body: registerBody,
        response: {
          200: t.Composite([maquinaSchema, activationSchema]),
          201: t.Composite([maquinaSchema, activationSchema]),
        },
        detail: docs(
          tag,
          'registrarMaquina',
          'Registra uma máquina',
          'Com token e os ids, ou sem token e com a chave da licença.',
        ),
      },
    )
    .get(
      '/',
      async ({ ator, query, request, set }) => {
        const page = readPage(query, maquinaSortable, 'criado_em');
        const { itens, ...rest } = await maquinas.listar(await ator(), page, query);
        linkNext(set, request, rest.proximo_cursor);
        const now = clock.now();
        return { itens: itens.map((found) => maquinaView(found, presenca.lastSeen(found.maquina.id), now)), ...rest };
      },
      {
        acesso: 'maquinas:ler',
        query: t.Object({ ...listQuery, ...maquinaFilterQuery }),
        response: { 200: pageOf(maquinaSchema) },
        detail: docs(tag, 'listarMaquinas', 'Lista as máquinas'),
      },
    )
    .get('/:id', async ({ ator, params, set }) => view(await maquinas.obter(await ator(), params.id), set), {
      acesso: 'maquinas:ler',
      ...action,
      detail: docs(tag, 'obterMaquina', 'Uma máquina'),
    })
    .put(
      '/:id',
      async ({ ator, params, body, request, set }) =>
        view(await maquinas.atualizar(await ator(), params.id, body, expectedRevision(request)), set),
      {
        acesso: 'maquinas:editar',
        ...action,
        body: editMaquinaBody,
        detail: docs(tag, 'editarMaquina', 'Muda campos de uma máquina'),
      },
    )
    .delete(
      '/:id',
      async ({ ator, params, set }) => {
        await maquinas.excluir(await ator(), params.id);
        presenca.forget(params.id);
        set.status = 204;
      },
      {
        acesso: 'maquinas:excluir',
        params: idParams,
        response: { 204: t.Void() },
        detail: docs(tag, 'excluirMaquina', 'Exclui uma máquina e libera o assento'),
      },
    )
    .post(
      '/:id/bloquear',
      async ({ ator, params, body, set }) => view(await maquinas.bloquear(await ator(), params.id, body.motivo), set),
      {
        acesso: 'maquinas:bloquear',
        ...action,
        body: motivoBody,
        detail: docs(
          tag,
          'bloquearMaquina',
          'Bloqueia uma máquina',
          'Ela ouve em até um segundo se estiver conectada, ou ao reconectar.',
        ),
      },
    )
    .post(
      '/:id/desbloquear',
      async ({ ator, params, set }) => view(await maquinas.desbloquear(await ator(), params.id), set),
      {
        acesso: 'maquinas:bloquear',
        ...action,
        detail: docs(tag, 'desbloquearMaquina', 'Desbloqueia uma máquina'),
      },
    )
    .post(
      '/:id/token',
      async ({ ator, params }) => {
        const { found, token } = await maquinas.rotacionarToken(await ator(), params.id);
        return { token, mqtt: mqttAccess(found.maquina.id, token, mqttUrl()) };
      },
      {
        acesso: 'maquinas:editar',
        params: idParams,
        response: { 200: t.Object({ token: t.String(), mqtt: mqttAccessSchema }) },
        detail: docs(
          tag,
          'rotacionarTokenDaMaquina',
          'Troca a credencial de uma máquina',
          'A anterior deixa de valer na hora.',
        ),
      },
    )
    .get(
      '/:id/dashboard',
      async ({ ator, params, query }) => {
        const actor = await ator();
        const periodo = query.periodo ?? '24h';
        const { found, disponibilidade, series } = await painel.dashboard(actor, params.id, periodo);
        const { facts } = await licencas.obter({ ...actor, permissoes: ['licencas:ler'] }, found.maquina.licenca_id);
        const now = clock.now();
        return {
          maquina: maquinaView(found, presenca.lastSeen(params.id), now),
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

function required(campo: string): never {
  throw invalidField(campo, 'é obrigatório');
}
