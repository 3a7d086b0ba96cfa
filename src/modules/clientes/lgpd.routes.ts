/** `/clientes/{id}/historico`, `/exportar` and `/anonimizar` over HTTP. */

import { Elysia, t } from 'elysia';
import type { Clock } from '../../core/clock';
import { readPage } from '../../core/page';
import { etag, idParams, linkNext, listQuery, type Platform, pageOf } from '../../transport/http/kit/platform';
import { docs } from '../../transport/http/kit/wire';
import { auditSchema, auditView } from '../auditoria/auditoria.schema';
import { faturaView } from '../faturas/faturas.routes';
import { licencaView } from '../licencas/licencas.view';
import { comandoSchema, comandoView } from '../maquinas/comandos.schema';
import { maquinaView } from '../maquinas/maquinas.view';
import type { Heard } from '../maquinas/series.store';
import { clienteSchema, clienteView } from './clientes.schema';
import type { Lgpd } from './lgpd.service';

const tag = 'Clientes';

interface Dependencies {
  platform: Platform;
  lgpd: Lgpd;
  clock: Clock;
  heard(maquinaId: string): Heard | null;
}

export function lgpdRoutes({ platform, lgpd, clock, heard }: Dependencies) {
  return new Elysia({ prefix: '/clientes' })
    .use(platform)
    .get(
      '/:id/historico',
      async ({ ator, params, query, request, set }) => {
        const { itens, ...rest } = await lgpd.historico(await ator(), params.id, readPage(query, ['em'], 'em'));
        linkNext(set, request, rest.proximo_cursor);
        return { itens: itens.map(auditView), ...rest };
      },
      {
        acesso: 'clientes:ler',
        params: idParams,
        query: t.Object(listQuery),
        response: { 200: pageOf(auditSchema) },
        detail: docs(tag, 'historicoDoCliente', 'Toda mudança, quem, antes e depois'),
      },
    )
    .get(
      '/:id/exportar',
      async ({ ator, params, set }) => {
        const held = await lgpd.exportar(await ator(), params.id);
        const now = clock.now();
        set.headers['content-disposition'] = `attachment; filename="cliente-${params.id}.json"`;
        return {
          cliente: clienteView(held.cliente),
          licencas: held.licencas.map((facts) => ({
            ...licencaView(facts, now, null),
            metadados: facts.licenca.metadados,
          })),
          maquinas: held.maquinas.map((found) => maquinaView(found, heard(found.maquina.id), now)),
          comandos: held.comandos.map((comando) => comandoView(comando, now)),
          faturas: held.faturas.map(faturaView),
          historico: held.historico.map(auditView),
        };
      },
      {
        acesso: 'clientes:ler',
        params: idParams,
        response: {
          200: t.Object({
            cliente: clienteSchema,
            licencas: t.Array(t.Unknown()),
            maquinas: t.Array(t.Unknown()),
            comandos: t.Array(comandoSchema),
            faturas: t.Array(t.Unknown()),
            historico: t.Array(auditSchema),
          }),
        },
        detail: docs(tag, 'exportarCliente', 'Tudo o que se guarda sobre o cliente (LGPD)'),
      },
    )
    .post(
      '/:id/anonimizar',
      async ({ ator, params, set }) => {
        const cliente = await lgpd.anonimizar(await ator(), params.id);
        etag(set, cliente.rev);
        return clienteView(cliente);
      },
      {
        acesso: 'clientes:excluir',
        params: idParams,
        response: { 200: clienteSchema },
        detail: docs(tag, 'anonimizarCliente', 'Apaga o que é pessoal (LGPD)', 'Faturas e auditoria permanecem.'),
      },
    );
}
