/** `/webhooks` over HTTP. */

import { Elysia, t } from 'elysia';
import { rfc3339OrNull } from '../../core/clock';
import { readPage } from '../../core/page';
import { moment } from '../../transport/http/kit/moment';
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
import { docs, integer, oneOf, timestamp, timestampOrNull } from '../../transport/http/kit/wire';
import type { Entregas } from './entregas.service';
import { entregaSortable } from './entregas.store';
import { entregaStatus } from './webhooks.model';
import {
  entregaSchema,
  entregaView,
  webhookBody,
  webhookEdit,
  webhookSchema,
  webhookView,
  webhookWithSecret,
} from './webhooks.schema';
import type { Webhooks } from './webhooks.service';
import { webhookSortable } from './webhooks.store';

const tag = 'Eventos';
const overlapHours = 24;
const overlapHoursMax = 168;

export function webhooksRoutes(platform: Platform, webhooks: Webhooks, entregas: Entregas) {
  return new Elysia({ prefix: '/webhooks' })
    .use(platform)
    .post(
      '/',
      async ({ ator, body, set }) => {
        const { url, eventos, ativo = true, cabecalhos = {}, cliente_ids = [], modelo = null } = body;
        const fields = { url, eventos, ativo, cabecalhos, cliente_ids, modelo };
        const webhook = await webhooks.criar(await ator(), fields);
        created(set, `/api/v1/webhooks/${webhook.id}`, webhook.rev);
        return { ...webhookView(webhook), segredo: webhook.segredo };
      },
      {
        acesso: 'webhooks:criar',
        body: webhookBody,
        response: { 201: webhookWithSecret },
        detail: docs(tag, 'criarWebhook', 'Cria um webhook', 'Assinado por Standard Webhooks; o segredo sai só aqui.'),
      },
    )
    .get(
      '/',
      async ({ ator, query, request, set }) => {
        const page = readPage(query, webhookSortable, 'criado_em');
        const { itens, ...rest } = await webhooks.listar(await ator(), page);
        linkNext(set, request, rest.proximo_cursor);
        return { itens: itens.map(webhookView), ...rest };
      },
      {
        acesso: 'webhooks:ler',
        query: t.Object(listQuery),
        response: { 200: pageOf(webhookSchema) },
        detail: docs(tag, 'listarWebhooks', 'Lista os webhooks'),
      },
    )
    .get(
      '/:id',
      async ({ ator, params, set }) => {
        const webhook = await webhooks.obter(await ator(), params.id);
        etag(set, webhook.rev);
        return webhookView(webhook);
      },
      {
        acesso: 'webhooks:ler',
        params: idParams,
        response: { 200: webhookSchema },
        detail: docs(tag, 'obterWebhook', 'Um webhook'),
      },
    )
    .put(
      '/:id',
      async ({ ator, params, body, request, set }) => {
        const webhook = await webhooks.atualizar(await ator(), params.id, body, expectedRevision(request));
        etag(set, webhook.rev);
        return webhookView(webhook);
      },
      {
        acesso: 'webhooks:editar',
        params: idParams,
        body: webhookEdit,
        response: { 200: webhookSchema },
        detail: docs(tag, 'editarWebhook', 'Muda campos de um webhook', 'Reativado, as entregas que esperam seguem.'),
      },
    )
    .delete(
      '/:id',
      async ({ ator, params, set }) => {
        await webhooks.excluir(await ator(), params.id);
        set.status = 204;
      },
      {
        acesso: 'webhooks:excluir',
        params: idParams,
        response: { 204: t.Void() },
        detail: docs(tag, 'excluirWebhook', 'Exclui um webhook e suas entregas'),
      },
    )
    .post(
      '/:id/segredo',
      async ({ ator, params, body }) => {
        const horas = body?.validade_horas ?? overlapHours;
        const webhook = await webhooks.rotacionarSegredo(await ator(), params.id, horas);
        return { ...webhookView(webhook), segredo: webhook.segredo };
      },
      {
        acesso: 'webhooks:editar',
        params: idParams,
        body: t.Optional(
          t.Object({
            validade_horas: t.Optional(
              integer({ minimum: 0, maximum: overlapHoursMax, description: 'Por quanto tempo o antigo ainda assina' }),
            ),
          }),
        ),
        response: { 200: webhookWithSecret },
        detail: docs(tag, 'rotacionarSegredo', 'Um segredo novo; por um tempo assinam os dois'),
      },
    )
    .post('/:id/testar', async ({ ator, params }) => entregaView(await entregas.testar(await ator(), params.id)), {
      acesso: 'webhooks:executar',
      params: idParams,
      response: { 200: entregaSchema },
      detail: docs(tag, 'testarWebhook', 'Manda um evento de teste e diz o que foi respondido'),
    })
    .get(
      '/:id/entregas',
      async ({ ator, params, query, request, set }) => {
        const page = readPage(query, entregaSortable, '-criada_em');
        const { itens, ...rest } = await entregas.listar(await ator(), page, params.id, query.status);
        linkNext(set, request, rest.proximo_cursor);
        return { itens: itens.map(entregaView), ...rest };
      },
      {
        acesso: 'webhooks:ler',
        params: idParams,
        query: t.Object({ ...listQuery, status: t.Optional(oneOf(entregaStatus)) }),
        response: { 200: pageOf(entregaSchema) },
        detail: docs(tag, 'listarEntregas', 'As entregas de um webhook, as mais recentes primeiro'),
      },
    )
    .post(
      '/:id/reenviar',
      async ({ ator, params, body }) => {
        const de = moment('de', body.de);
        const ate = moment('ate', body.ate);
        const range = { de, ate, apenasFalhas: body.apenas_falhas ?? false };
        const { reenviadas, continuar_de } = await entregas.reenviarPeriodo(await ator(), params.id, range);
        return { reenviadas, continuar_de: rfc3339OrNull(continuar_de) };
      },
      {
        acesso: 'webhooks:executar',
        params: idParams,
        body: t.Object({ de: timestamp, ate: timestamp, apenas_falhas: t.Optional(t.Boolean()) }),
        response: { 200: t.Object({ reenviadas: t.Integer(), continuar_de: timestampOrNull }) },
        detail: docs(tag, 'reenviarPeriodo', 'Entrega de novo os eventos de um período', 'No máximo 50.000 por vez.'),
      },
    )
    .post(
      '/entregas/:id/reenviar',
      async ({ ator, params }) => entregaView(await entregas.reenviar(await ator(), params.id)),
      {
        acesso: 'webhooks:executar',
        params: idParams,
        response: { 200: entregaSchema },
        detail: docs(tag, 'reenviarEntrega', 'Entrega de novo, com o mesmo webhook-id'),
      },
    );
}
