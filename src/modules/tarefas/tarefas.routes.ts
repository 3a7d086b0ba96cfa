/** `/tarefas` over HTTP. */

import { Elysia, t } from 'elysia';
import { rfc3339, rfc3339OrNull } from '../../core/clock';
import { readPage } from '../../core/page';
import { etag, expectedRevision, linkNext, listQuery, type Platform, pageOf } from '../../transport/http/kit/platform';
import { docs, line, oneOf, timestamp, timestampOrNull, uuid } from '../../transport/http/kit/wire';
import { type Execucao, origens, resultados } from './tarefas.model';
import type { Tarefa, Tarefas } from './tarefas.service';
import { execucaoSortable } from './tarefas.store';

const tag = 'Operação';
const agendaCharactersMax = 100;

const execucaoSchema = t.Object({
  id: uuid,
  nome: t.String(),
  origem: oneOf(origens, 'Por que começou'),
  prevista_em: timestamp,
  inicio: timestamp,
  fim: timestampOrNull,
  resultado: oneOf(resultados),
  detalhe: t.String(),
});

const tarefaSchema = t.Object({
  nome: t.String({ examples: ['backup'] }),
  descricao: t.String(),
  agenda: t.String({ description: 'Padrão cron de cinco campos, no fuso de NARCIDI_TZ', examples: ['0 2 * * *'] }),
  agenda_padrao: t.String(),
  ativa: t.Boolean(),
  executando: t.Boolean(),
  proxima_em: timestampOrNull,
  ultima: t.Union([execucaoSchema, t.Null()]),
});

const nomeParams = t.Object({ nome: t.String({ maxLength: 64, examples: ['backup'] }) });

function execucaoView({ prevista_em, inicio, fim, ...rest }: Execucao): typeof execucaoSchema.static {
  return { ...rest, prevista_em: rfc3339(prevista_em), inicio: rfc3339(inicio), fim: rfc3339OrNull(fim) };
}

function tarefaView({ rev: _, proxima_em, ultima, ...rest }: Tarefa): typeof tarefaSchema.static {
  return { ...rest, proxima_em: rfc3339OrNull(proxima_em), ultima: ultima && execucaoView(ultima) };
}

export function tarefasRoutes(platform: Platform, tarefas: Tarefas) {
  return new Elysia({ prefix: '/tarefas' })
    .use(platform)
    .get(
      '/',
      async ({ ator }) => ({ itens: (await tarefas.listar(await ator())).map(tarefaView), proximo_cursor: null }),
      {
        acesso: 'tarefas:ler',
        response: { 200: pageOf(tarefaSchema) },
        detail: docs(tag, 'listarTarefas', 'As tarefas agendadas, todas numa página'),
      },
    )
    .get(
      '/:nome',
      async ({ ator, params, set }) => {
        const tarefa = await tarefas.obter(await ator(), params.nome);
        etag(set, tarefa.rev);
        return tarefaView(tarefa);
      },
      {
        acesso: 'tarefas:ler',
        params: nomeParams,
        response: { 200: tarefaSchema },
        detail: docs(tag, 'obterTarefa', 'Uma tarefa'),
      },
    )
    .put(
      '/:nome',
      async ({ ator, params, body, request, set }) => {
        const tarefa = await tarefas.editar(await ator(), params.nome, body, expectedRevision(request));
        etag(set, tarefa.rev);
        return tarefaView(tarefa);
      },
      {
        acesso: 'tarefas:editar',
        params: nomeParams,
        body: t.Object({
          agenda: t.Optional(
            t.Union([line(agendaCharactersMax, { minLength: 1 }), t.Null()], {
              description: 'Padrão cron de cinco campos; null volta ao padrão',
            }),
          ),
          ativa: t.Optional(t.Boolean({ description: 'false pausa' })),
        }),
        response: { 200: tarefaSchema },
        detail: docs(tag, 'editarTarefa', 'Muda a agenda de uma tarefa, ou a pausa'),
      },
    )
    .post(
      '/:nome/executar',
      async ({ ator, params, set }) => {
        const tarefa = await tarefas.executar(await ator(), params.nome);
        etag(set, tarefa.rev);
        return tarefaView(tarefa);
      },
      {
        acesso: 'tarefas:executar',
        params: nomeParams,
        response: { 200: tarefaSchema },
        detail: docs(
          tag,
          'executarTarefa',
          'Executa agora',
          'Espera até 20 s pelo fim; se executando vier true, acompanhe por /execucoes. 409 enquanto ela já executa.',
        ),
      },
    )
    .get(
      '/:nome/execucoes',
      async ({ ator, params, query, request, set }) => {
        const page = readPage(query, execucaoSortable, '-inicio');
        const { itens, ...rest } = await tarefas.execucoes(await ator(), params.nome, page);
        linkNext(set, request, rest.proximo_cursor);
        return { itens: itens.map(execucaoView), ...rest };
      },
      {
        acesso: 'tarefas:ler',
        params: nomeParams,
        query: t.Object(listQuery),
        response: { 200: pageOf(execucaoSchema) },
        detail: docs(tag, 'listarExecucoes', 'As últimas execuções de uma tarefa, a mais nova primeiro'),
      },
    );
}
