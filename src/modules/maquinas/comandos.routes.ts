/** `/maquinas/{id}/comandos` over HTTP. */

import { Elysia, t } from 'elysia';
import type { Clock } from '../../core/clock';
import { readPage } from '../../core/page';
import { created, etag, idParams, linkNext, listQuery, type Platform, pageOf } from '../../transport/http/kit/platform';
import { docs, uuid } from '../../transport/http/kit/wire';
import { comandoFilterQuery, comandoSchema, comandoView, newComandoFields } from './comandos.schema';
import type { Comandos } from './comandos.service';
import { comandoSortable } from './comandos.store';

const tag = 'Máquinas';

interface Dependencies {
  platform: Platform;
  comandos: Comandos;
  clock: Clock;
}

export function comandosRoutes({ platform, comandos, clock }: Dependencies) {
  const comandoParams = t.Object({ ...idParams.properties, comando: uuid });
  return new Elysia({ prefix: '/maquinas/:id/comandos' })
    .use(platform)
    .post(
      '/',
      async ({ ator, params, body, set }) => {
        const comando = await comandos.criar(await ator(), params.id, body);
        created(set, `/api/v1/maquinas/${params.id}/comandos/${comando.id}`, comando.rev);
        return comandoView(comando, clock.now());
      },
      {
        acesso: 'maquinas:executar',
        params: idParams,
        body: t.Object(newComandoFields),
        response: { 201: comandoSchema },
        detail: docs(
          tag,
          'enviarComando',
          'Envia um comando a uma máquina',
          'Chega na hora se ela estiver conectada, ou quando reconectar antes de expira_em.',
        ),
      },
    )
    .get(
      '/',
      async ({ ator, params, query, request, set }) => {
        const page = readPage(query, comandoSortable, '-criado_em');
        const { itens, ...rest } = await comandos.listar(await ator(), params.id, page, query);
        linkNext(set, request, rest.proximo_cursor);
        const now = clock.now();
        return { itens: itens.map((comando) => comandoView(comando, now)), ...rest };
      },
      {
        acesso: 'maquinas:ler',
        params: idParams,
        query: t.Object({ ...listQuery, ...comandoFilterQuery }),
        response: { 200: pageOf(comandoSchema) },
        detail: docs(tag, 'listarComandos', 'Os comandos de uma máquina, o mais novo primeiro'),
      },
    )
    .get(
      '/:comando',
      async ({ ator, params, set }) => {
        const comando = await comandos.obter(await ator(), params.id, params.comando);
        etag(set, comando.rev);
        return comandoView(comando, clock.now());
      },
      {
        acesso: 'maquinas:ler',
        params: comandoParams,
        response: { 200: comandoSchema },
        detail: docs(tag, 'obterComando', 'Um comando e até onde chegou'),
      },
    )
    .post(
      '/:comando/cancelar',
      async ({ ator, params, set }) => {
        const comando = await comandos.cancelar(await ator(), params.id, params.comando);
        etag(set, comando.rev);
        return comandoView(comando, clock.now());
      },
      {
        acesso: 'maquinas:executar',
        params: comandoParams,
        response: { 200: comandoSchema },
        detail: docs(tag, 'cancelarComando', 'Desiste de um comando que a máquina ainda não recebeu'),
      },
    );
}
