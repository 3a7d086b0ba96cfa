/** `/alertas` over HTTP. */

import { Elysia, t } from 'elysia';
import { readPage } from '../../core/page';
import { idParams, linkNext, listQuery, type Platform, pageOf } from '../../transport/http/kit/platform';
import { docs, line, oneOf, uuid } from '../../transport/http/kit/wire';
import { alertaStatus } from './alertas.model';
import { alertaSchema, alertaView, alertaWithMembros, membroView } from './alertas.schema';
import type { Alertas } from './alertas.service';
import { alertaSortable } from './alertas.store';
import { severidades } from './regras.model';

const tag = 'Alertas';

export function alertasRoutes(platform: Platform, alertas: Alertas) {
  return new Elysia({ prefix: '/alertas' })
    .use(platform)
    .get(
      '/',
      async ({ ator, query, request, set }) => {
        const page = readPage(query, alertaSortable, '-aberto_em');
        const { status, severidade, regra_id, entidade_id } = query;
        const filter = { status, severidade, regra_id, entidade_id };
        const { itens, ...rest } = await alertas.listar(await ator(), page, filter);
        linkNext(set, request, rest.proximo_cursor);
        return { itens: itens.map(alertaView), ...rest };
      },
      {
        acesso: 'alertas:ler',
        query: t.Object({
          ...listQuery,
          status: t.Optional(oneOf(alertaStatus)),
          severidade: t.Optional(oneOf(severidades)),
          regra_id: t.Optional(uuid),
          entidade_id: t.Optional(line(64)),
        }),
        response: { 200: pageOf(alertaSchema) },
        detail: docs(tag, 'listarAlertas', 'Lista os alertas, os mais recentes primeiro'),
      },
    )
    .get(
      '/:id',
      async ({ ator, params }) => {
        const { alerta, membros } = await alertas.obter(await ator(), params.id);
        return { ...alertaView(alerta), membros: membros.map(membroView) };
      },
      {
        acesso: 'alertas:ler',
        params: idParams,
        response: { 200: alertaWithMembros },
        detail: docs(tag, 'obterAlerta', 'Um alerta, com aquilo de que trata'),
      },
    )
    .post(
      '/:id/reconhecer',
      async ({ ator, params }) => alertaView(await alertas.reconhecer(await ator(), params.id)),
      {
        acesso: 'alertas:editar',
        params: idParams,
        response: { 200: alertaSchema },
        detail: docs(tag, 'reconhecerAlerta', 'Alguém cuida dele'),
      },
    )
    .post('/:id/resolver', async ({ ator, params }) => alertaView(await alertas.resolver(await ator(), params.id)), {
      acesso: 'alertas:editar',
      params: idParams,
      response: { 200: alertaSchema },
      detail: docs(tag, 'resolverAlerta', 'Fecha à mão; sozinho ele fecha quando a causa termina'),
    });
}
