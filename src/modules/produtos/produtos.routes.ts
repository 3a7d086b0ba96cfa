/** `/produtos` over HTTP. */

import { Elysia, t } from 'elysia';
import { rfc3339 } from '../../core/clock';
import { readPage } from '../../core/page';
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
import { docs, line, timestamp, uuid } from '../../transport/http/kit/wire';
import type { Produtos } from './produtos.service';
import { type Produto, produtoSortable } from './produtos.store';

const tag = 'Produtos e planos';

const fields = {
  slug: t.String({
    pattern: '^[a-z0-9][a-z0-9-]{0,62}$',
    error: 'letras minúsculas, dígitos e -, até 63',
    examples: ['erp-desktop'],
  }),
  nome: line(200, { minLength: 1, examples: ['ERP Desktop'] }),
  uso_geral: t.Optional(
    t.Boolean({ description: 'As versões são para qualquer licença: um produto de apoio, como o agente' }),
  ),
};

const produtoSchema = t.Object({
  id: uuid,
  slug: t.String(),
  nome: t.String(),
  uso_geral: t.Boolean(),
  criado_em: timestamp,
  atualizado_em: timestamp,
});

export const editProdutoBody = t.Partial(t.Object(fields));

function produtoView({ id, slug, nome, uso_geral, criado_em, atualizado_em }: Produto): typeof produtoSchema.static {
  return { id, slug, nome, uso_geral, criado_em: rfc3339(criado_em), atualizado_em: rfc3339(atualizado_em) };
}

export function produtosRoutes(platform: Platform, produtos: Produtos) {
  return new Elysia({ prefix: '/produtos' })
    .use(platform)
    .post(
      '/',
      async ({ ator, body, set }) => {
        const produto = await produtos.criar(await ator(), body);
        created(set, `/api/v1/produtos/${produto.id}`, produto.rev);
        return produtoView(produto);
      },
      {
        acesso: 'produtos:criar',
        body: t.Object(fields),
        response: { 201: produtoSchema },
        detail: docs(tag, 'criarProduto', 'Cria um produto'),
      },
    )
    .get(
      '/',
      async ({ ator, query, request, set }) => {
        const { itens, ...rest } = await produtos.listar(await ator(), readPage(query, produtoSortable, 'criado_em'));
        linkNext(set, request, rest.proximo_cursor);
        return { itens: itens.map(produtoView), ...rest };
      },
      {
        acesso: 'produtos:ler',
        query: t.Object(listQuery),
        response: { 200: pageOf(produtoSchema) },
        detail: docs(tag, 'listarProdutos', 'Lista os produtos'),
      },
    )
    .get(
      '/:id',
      async ({ ator, params, set }) => {
        const produto = await produtos.obter(await ator(), params.id);
        etag(set, produto.rev);
        return produtoView(produto);
      },
      {
        acesso: 'produtos:ler',
        params: idParams,
        response: { 200: produtoSchema },
        detail: docs(tag, 'obterProduto', 'Um produto'),
      },
    )
    .put(
      '/:id',
      async ({ ator, params, body, request, set }) => {
        const produto = await produtos.atualizar(await ator(), params.id, body, expectedRevision(request));
        etag(set, produto.rev);
        return produtoView(produto);
      },
      {
        acesso: 'produtos:editar',
        params: idParams,
        body: editProdutoBody,
        response: { 200: produtoSchema },
        detail: docs(tag, 'editarProduto', 'Muda campos de um produto'),
      },
    )
    .delete(
      '/:id',
      async ({ ator, params, set }) => {
        await produtos.excluir(await ator(), params.id);
        set.status = 204;
      },
      {
        acesso: 'produtos:excluir',
        params: idParams,
        response: { 204: t.Void() },
        detail: docs(tag, 'excluirProduto', 'Exclui um produto sem uso'),
      },
    );
}
