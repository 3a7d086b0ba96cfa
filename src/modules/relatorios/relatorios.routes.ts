/** `/relatorios` over HTTP. */

import { Elysia, t } from 'elysia';
import { rfc3339 } from '../../core/clock';
import { readPage } from '../../core/page';
import { idParams, linkNext, listQuery, type Platform, pageOf } from '../../transport/http/kit/platform';
import { answers, docs, oneOf, timestamp, uuid } from '../../transport/http/kit/wire';
import { relatorioCsv } from './csv.view';
import { relatorioHtml } from './html.view';
import { type Formatos, type Relatorio, relatorioTipos, tituloOf } from './relatorios.model';
import type { Relatorios } from './relatorios.service';
import { relatorioSortable } from './relatorios.store';
import { secoesOf } from './secoes.view';

const tag = 'Relatórios';
const formatoNomes = ['json', 'csv', 'html', 'pdf'] as const;

const resumoSchema = t.Object({
  id: uuid,
  tipo: oneOf(relatorioTipos),
  titulo: t.String(),
  periodo_inicio: timestamp,
  periodo_fim: timestamp,
  criado_em: timestamp,
});
const relatorioSchema = t.Object({
  ...resumoSchema.properties,
  dados: t.Record(t.String(), t.Unknown(), { description: 'Valores em centavos e contagens, por assunto' }),
});

export function relatoriosRoutes(platform: Platform, relatorios: Relatorios, formatos: Formatos) {
  function summary(relatorio: Relatorio): typeof resumoSchema.static {
    const { id, tipo, periodo_inicio, periodo_fim, criado_em } = relatorio;
    return {
      id,
      tipo,
      titulo: tituloOf(relatorio, formatos),
      periodo_inicio: rfc3339(periodo_inicio),
      periodo_fim: rfc3339(periodo_fim),
      criado_em: rfc3339(criado_em),
    };
  }

  async function inFormat(relatorio: Relatorio, formato: 'csv' | 'html' | 'pdf'): Promise<Response> {
    const titulo = tituloOf(relatorio, formatos);
    const secoes = secoesOf(relatorio.dados, formatos);
    const name = `relatorio-${relatorio.tipo}-${rfc3339(relatorio.periodo_fim).slice(0, 10)}.${formato}`;
    const disposition = `${formato === 'html' ? 'inline' : 'attachment'}; filename="${name}"`;
    const answer = (body: string | Uint8Array, type: string) =>
      new Response(typeof body === 'string' ? body : new Uint8Array(body), {
        headers: { 'content-type': type, 'content-disposition': disposition },
      });
    switch (formato) {
      case 'csv':
        return answer(relatorioCsv(secoes), 'text/csv; charset=utf-8');
      case 'html':
        return answer(relatorioHtml(titulo, secoes), 'text/html; charset=utf-8');
      case 'pdf': {
        // Loaded with the first PDF: a start of the server makes none.
        const { relatorioPdf } = await import('./pdf.view');
        return answer(await relatorioPdf(titulo, secoes, relatorio.criado_em), 'application/pdf');
      }
    }
  }

  return new Elysia({ prefix: '/relatorios' })
    .use(platform)
    .get(
      '/',
      async ({ ator, query, request, set }) => {
        const page = readPage(query, relatorioSortable, '-criado_em');
        const { itens, ...rest } = await relatorios.listar(await ator(), page, query.tipo);
        linkNext(set, request, rest.proximo_cursor);
        return { itens: itens.map(summary), ...rest };
      },
      {
        acesso: 'relatorios:ler',
        query: t.Object({ ...listQuery, tipo: t.Optional(oneOf(relatorioTipos)) }),
        response: { 200: pageOf(resumoSchema) },
        detail: docs(tag, 'listarRelatorios', 'Os relatórios, o mais novo primeiro'),
      },
    )
    .post(
      '/',
      async ({ ator, body, set }) => {
        const relatorio = await relatorios.gerar(await ator(), body.tipo);
        set.status = 201;
        set.headers.location = `/api/v1/relatorios/${relatorio.id}`;
        return { ...summary(relatorio), dados: { ...relatorio.dados } };
      },
      {
        acesso: 'relatorios:executar',
        body: t.Object({ tipo: oneOf(relatorioTipos) }),
        response: { 201: relatorioSchema },
        detail: docs(tag, 'gerarRelatorio', 'Faz agora o relatório do último dia, semana ou mês'),
      },
    )
    .get(
      '/:id',
      async ({ ator, params, query }) => {
        const relatorio = await relatorios.obter(await ator(), params.id);
        const formato = query.formato ?? 'json';
        if (formato !== 'json') return inFormat(relatorio, formato);
        return Response.json({ ...summary(relatorio), dados: relatorio.dados });
      },
      {
        acesso: 'relatorios:ler',
        params: idParams,
        query: t.Object({ formato: t.Optional(oneOf(formatoNomes)) }),
        detail: {
          ...docs(tag, 'obterRelatorio', 'Um relatório, em JSON, CSV, página ou PDF'),
          ...answers('O relatório, no formato pedido', ['text/csv', 'text/html', 'application/pdf'], relatorioSchema),
        },
      },
    );
}
