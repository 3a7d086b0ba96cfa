/** `/maquinas` over HTTP. */

import { Elysia, t } from 'elysia';
import type { Clock } from '../../core/clock';
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
import type { MaquinaComLicenca } from './maquinas.model';
import { editMaquinaBody, maquinaFilterQuery, maquinaSchema, mqttAccess, mqttAccessSchema } from './maquinas.schema';
import type { Maquinas } from './maquinas.service';
import { maquinaSortable } from './maquinas.store';
import { maquinaView } from './maquinas.view';
import type { Presenca } from './presenca.service';

const tag = 'Máquinas';

interface Dependencies {
  platform: Platform;
  maquinas: Maquinas;
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
  const { platform, maquinas, ativacao, presenca, limiter, clock, mqttUrl } = dependencies;

  function view(found: MaquinaComLicenca, set: { headers: Record<string, string | number | undefined> }) {
    etag(set, found.maquina.rev);
    return maquinaView(found, presenca.heard(found.maquina.id), clock.now());
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
        return { itens: itens.map((found) => maquinaView(found, presenca.heard(found.maquina.id), now)), ...rest };
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
    );
}

function required(campo: string): never {
  throw invalidField(campo, 'é obrigatório');
}
