/** `/uploads/versao` over HTTP: publishing, editing, listing. */

import { Elysia, t } from 'elysia';
import { readPage } from '../../core/page';
import {
  etag,
  expectedRevision,
  idParams,
  linkNext,
  listQuery,
  type Platform,
  pageOf,
} from '../../transport/http/kit/platform';
import { docs } from '../../transport/http/kit/wire';
import { auditSchema, auditView } from '../auditoria/auditoria.schema';
import { readRequisitos } from './requisitos.model';
import type { Transferencias } from './transferencias.service';
import type { Versao } from './versoes.model';
import { editVersaoBody, versaoFilterQuery, versaoSchema, versaoView } from './versoes.schema';
import type { Versoes } from './versoes.service';
import { versaoSortable } from './versoes.store';

const tag = 'Versões';

interface Dependencies {
  platform: Platform;
  versoes: Versoes;
  transferencias: Transferencias;
}

export function versoesRoutes({ platform, versoes, transferencias }: Dependencies) {
  function view(versao: Versao, set: { headers: Record<string, string | number | undefined> }) {
    etag(set, versao.rev);
    return versaoView(versao);
  }

  const action = { params: idParams, response: { 200: versaoSchema } };

  return new Elysia({ prefix: '/uploads' })
    .use(platform)
    .get(
      '/versao',
      async ({ ator, query, request, set }) => {
        await transferencias.settled();
        const page = readPage(query, versaoSortable, '-criado_em');
        const { itens, ...rest } = await versoes.listar(await ator(), page, query);
        linkNext(set, request, rest.proximo_cursor);
        return { itens: itens.map(versaoView), ...rest };
      },
      {
        acesso: 'uploads:ler',
        query: t.Object({ ...listQuery, ...versaoFilterQuery }),
        response: { 200: pageOf(versaoSchema) },
        detail: docs(tag, 'listarVersoes', 'Lista as versões'),
      },
    )
    .get(
      '/versao/:id',
      async ({ ator, params, set }) => {
        await transferencias.settled();
        return view(await versoes.obter(await ator(), params.id), set);
      },
      { acesso: 'uploads:ler', ...action, detail: docs(tag, 'obterVersao', 'Uma versão') },
    )
    .put(
      '/versao/:id',
      async ({ ator, params, body, request, set }) => {
        const { requisitos, ...rest } = body;
        const edit = requisitos === undefined ? rest : { ...rest, requisitos: readRequisitos(requisitos) };
        return view(await versoes.atualizar(await ator(), params.id, edit, expectedRevision(request)), set);
      },
      {
        acesso: 'uploads:editar',
        ...action,
        body: editVersaoBody,
        detail: docs(
          tag,
          'editarVersao',
          'Muda campos de uma versão',
          'versao, plataforma e arquitetura só mudam no rascunho; o arquivo, nunca.',
        ),
      },
    )
    .delete(
      '/versao/:id',
      async ({ ator, params, set }) => {
        await versoes.excluir(await ator(), params.id);
        set.status = 204;
      },
      {
        acesso: 'uploads:excluir',
        params: idParams,
        response: { 204: t.Void() },
        detail: docs(tag, 'excluirVersao', 'Exclui um rascunho ou uma versão retirada, e seu arquivo'),
      },
    )
    .post(
      '/versao/:id/publicar',
      async ({ ator, params, set }) => view(await versoes.publicar(await ator(), params.id), set),
      { acesso: 'uploads:editar', ...action, detail: docs(tag, 'publicarVersao', 'Publica uma versão') },
    )
    .post(
      '/versao/:id/retirar',
      async ({ ator, params, set }) => view(await versoes.retirar(await ator(), params.id), set),
      {
        acesso: 'uploads:editar',
        ...action,
        detail: docs(tag, 'retirarVersao', 'Retira uma versão', 'Na hora: endereços já assinados deixam de valer.'),
      },
    )
    .post(
      '/versao/:id/pausar',
      async ({ ator, params, set }) => view(await versoes.pausar(await ator(), params.id, true), set),
      { acesso: 'uploads:editar', ...action, detail: docs(tag, 'pausarVersao', 'Pausa a distribuição') },
    )
    .post(
      '/versao/:id/retomar',
      async ({ ator, params, set }) => view(await versoes.pausar(await ator(), params.id, false), set),
      {
        acesso: 'uploads:editar',
        ...action,
        detail: docs(tag, 'retomarVersao', 'Retoma a distribuição', 'Cada máquina mantém seu lugar.'),
      },
    )
    .get(
      '/versao/:id/notas',
      async ({ ator, params }) => {
        const { notas } = await versoes.obter(await ator(), params.id);
        // Loaded with the first notes: a start of the server shows none.
        const { notesHtml } = await import('./notas.view');
        return new Response(notesHtml(notas), {
          headers: {
            'content-type': 'text/html; charset=utf-8',
            // Opened by itself it is a page of this server.
            'content-security-policy': "default-src 'none'; sandbox",
          },
        });
      },
      {
        acesso: 'uploads:ler',
        params: idParams,
        detail: {
          ...docs(tag, 'notasDaVersao', 'As notas em HTML seguro', 'HTML cru do Markdown aparece como texto.'),
          responses: { 200: { description: 'Um fragmento de HTML', content: { 'text/html': {} } } },
        },
      },
    )
    .get(
      '/versao/:id/historico',
      async ({ ator, params, query, request, set }) => {
        const page = readPage(query, ['em'], '-em');
        const { itens, ...rest } = await versoes.historico(await ator(), params.id, page);
        linkNext(set, request, rest.proximo_cursor);
        return { itens: itens.map(auditView), ...rest };
      },
      {
        acesso: 'uploads:ler',
        params: idParams,
        query: t.Object(listQuery),
        response: { 200: pageOf(auditSchema) },
        detail: docs(tag, 'historicoDaVersao', 'Toda mudança e todo download de uma versão'),
      },
    );
}
