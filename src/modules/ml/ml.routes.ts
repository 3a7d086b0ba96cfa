/** `/ml` over HTTP: churn scores and the models behind them. */

import { Elysia, t } from 'elysia';
import { readPage } from '../../core/page';
import { idParams, linkNext, listQuery, type Platform, pageOf } from '../../transport/http/kit/platform';
import { docs, oneOf, uuid } from '../../transport/http/kit/wire';
import type { ChurnService } from './churn.service';
import { churnSortable } from './churn.store';
import { classes } from './fatores.model';
import {
  churnSchema,
  churnView,
  modeloSchema,
  modeloView,
  suspeitaSchema,
  suspeitaView,
  treinoSchema,
} from './ml.schema';
import type { Modelos } from './modelos.service';
import { modeloSortable } from './modelos.store';
import { suspeitaTipos } from './suspeitas.model';
import type { Suspeitas } from './suspeitas.service';
import { suspeitaSortable } from './suspeitas.store';
import type { TreinoService } from './treino.service';

const tag = 'Previsões';

interface Dependencies {
  platform: Platform;
  churn: ChurnService;
  modelos: Modelos;
  treino: TreinoService;
  suspeitas: Suspeitas;
}

export function mlRoutes({ platform, churn, modelos, treino, suspeitas }: Dependencies) {
  return new Elysia({ prefix: '/ml' })
    .use(platform)
    .get(
      '/churn',
      async ({ ator, query, request, set }) => {
        const page = readPage(query, churnSortable, '-probabilidade');
        const { itens, ...rest } = await churn.listar(await ator(), page, { classe: query.classe });
        linkNext(set, request, rest.proximo_cursor);
        return { itens: itens.map(churnView), ...rest };
      },
      {
        acesso: 'ml:ler',
        query: t.Object({ ...listQuery, classe: t.Optional(oneOf(classes)) }),
        response: { 200: pageOf(churnSchema) },
        detail: docs(tag, 'listarChurn', 'Quem pode sair, o maior risco primeiro'),
      },
    )
    .get(
      '/churn/:cliente_id',
      async ({ ator, params }) => churnView(await churn.obter(await ator(), params.cliente_id)),
      {
        acesso: 'ml:ler',
        params: t.Object({ cliente_id: uuid }),
        response: { 200: churnSchema },
        detail: docs(tag, 'obterChurn', 'O risco de um cliente, com os porquês'),
      },
    )
    .post('/churn/executar', async ({ ator }) => churn.executar(await ator()), {
      acesso: 'ml:executar',
      response: { 200: t.Object({ clientes: t.Integer(), novos_em_risco: t.Integer(), modelo: t.String() }) },
      detail: docs(tag, 'executarChurn', 'Calcula agora o risco de todos'),
    })
    .get(
      '/suspeitas',
      async ({ ator, query, request, set }) => {
        const page = readPage(query, suspeitaSortable, '-em');
        const { tipo, entidade_id } = query;
        const { itens, ...rest } = await suspeitas.listar(await ator(), page, { tipo, entidade_id });
        linkNext(set, request, rest.proximo_cursor);
        return { itens: itens.map(suspeitaView), ...rest };
      },
      {
        acesso: 'ml:ler',
        query: t.Object({
          ...listQuery,
          tipo: t.Optional(oneOf(suspeitaTipos)),
          entidade_id: t.Optional(t.String({ maxLength: 200 })),
        }),
        response: { 200: pageOf(suspeitaSchema) },
        detail: docs(tag, 'listarSuspeitas', 'O que o acaso não explica, com as evidências'),
      },
    )
    .get(
      '/modelos',
      async ({ ator, query, request, set }) => {
        const page = readPage(query, modeloSortable, '-treinado_em');
        const { itens, ...rest } = await modelos.listar(await ator(), page);
        linkNext(set, request, rest.proximo_cursor);
        return { itens: itens.map(modeloView), ...rest };
      },
      {
        acesso: 'ml:ler',
        query: t.Object(listQuery),
        response: { 200: pageOf(modeloSchema) },
        detail: docs(tag, 'listarModelos', 'Os modelos, em que foram treinados e o quanto acertam'),
      },
    )
    .post(
      '/modelos/treinar',
      async ({ ator }) => {
        const { modelo, ativado, novo, atual } = await treino.treinar(await ator());
        return {
          ativado,
          modelo: modeloView(modelo),
          novo: { ...novo, calibracao: [...novo.calibracao] },
          atual: { ...atual, calibracao: [...atual.calibracao] },
        };
      },
      {
        acesso: 'ml:executar',
        response: { 200: treinoSchema },
        detail: docs(
          tag,
          'treinarModelo',
          'Treina na história desta instalação',
          'Precisa de 200 clientes e 30 cancelamentos. Só passa a valer o que acerta mais do que o modelo atual no que veio depois.',
        ),
      },
    )
    .post(
      '/modelos/:id/ativar',
      async ({ ator, params }) => modeloView(await modelos.ativar(await ator(), params.id)),
      {
        acesso: 'ml:executar',
        params: idParams,
        response: { 200: modeloSchema },
        detail: docs(tag, 'ativarModelo', 'Volta a um modelo guardado'),
      },
    );
}
