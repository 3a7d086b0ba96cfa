/** `/perfis` over HTTP. */

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
import { permissoesField } from './acesso.schema';
import type { Perfil } from './perfis.model';
import type { Perfis } from './perfis.service';
import { perfilSortable } from './perfis.store';

const tag = 'Acesso';

const fields = { nome: line(100, { minLength: 1, examples: ['financeiro'] }), permissoes: permissoesField };

const perfilSchema = t.Object({
  id: uuid,
  nome: t.String(),
  permissoes: t.Array(t.String()),
  embutido: t.Boolean({ description: 'Os quatro embutidos não mudam' }),
  criado_em: timestamp,
  atualizado_em: timestamp,
});

function perfilView({ rev: _, criado_em, atualizado_em, ...rest }: Perfil): typeof perfilSchema.static {
  return { ...rest, criado_em: rfc3339(criado_em), atualizado_em: rfc3339(atualizado_em) };
}

export function perfisRoutes(platform: Platform, perfis: Perfis) {
  return new Elysia({ prefix: '/perfis' })
    .use(platform)
    .post(
      '/',
      async ({ ator, body, set }) => {
        const perfil = await perfis.criar(await ator(), body);
        created(set, `/api/v1/perfis/${perfil.id}`, perfil.rev);
        return perfilView(perfil);
      },
      {
        acesso: 'perfis:criar',
        body: t.Object(fields),
        response: { 201: perfilSchema },
        detail: docs(tag, 'criarPerfil', 'Cria um perfil', 'Ninguém concede uma permissão que não tem.'),
      },
    )
    .get(
      '/',
      async ({ ator, query, request, set }) => {
        const page = readPage(query, perfilSortable, 'criado_em');
        const { itens, ...rest } = await perfis.listar(await ator(), page);
        linkNext(set, request, rest.proximo_cursor);
        return { itens: itens.map(perfilView), ...rest };
      },
      {
        acesso: 'perfis:ler',
        query: t.Object(listQuery),
        response: { 200: pageOf(perfilSchema) },
        detail: docs(tag, 'listarPerfis', 'Lista os perfis'),
      },
    )
    .get(
      '/:id',
      async ({ ator, params, set }) => {
        const perfil = await perfis.obter(await ator(), params.id);
        etag(set, perfil.rev);
        return perfilView(perfil);
      },
      {
        acesso: 'perfis:ler',
        params: idParams,
        response: { 200: perfilSchema },
        detail: docs(tag, 'obterPerfil', 'Um perfil'),
      },
    )
    .put(
      '/:id',
      async ({ ator, params, body, request, set }) => {
        const perfil = await perfis.atualizar(await ator(), params.id, body, expectedRevision(request));
        etag(set, perfil.rev);
        return perfilView(perfil);
      },
      {
        acesso: 'perfis:editar',
        params: idParams,
        body: t.Partial(t.Object(fields)),
        response: { 200: perfilSchema },
        detail: docs(tag, 'editarPerfil', 'Muda um perfil', 'Vale no mesmo instante para quem o tem.'),
      },
    )
    .delete(
      '/:id',
      async ({ ator, params, set }) => {
        await perfis.excluir(await ator(), params.id);
        set.status = 204;
      },
      {
        acesso: 'perfis:excluir',
        params: idParams,
        response: { 204: t.Void() },
        detail: docs(tag, 'excluirPerfil', 'Exclui um perfil que ninguém tem'),
      },
    );
}
