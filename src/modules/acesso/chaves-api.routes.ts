/** `/chaves-api` over HTTP. */

import { Elysia, t } from 'elysia';
import { parseRfc3339, rfc3339, rfc3339OrNull } from '../../core/clock';
import { readPage } from '../../core/page';
import { invalidField } from '../../core/problem';
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
import { docs, textOrNull, timestamp, timestampOrNull, uuid } from '../../transport/http/kit/wire';
import { nomeField, permissoesField } from './acesso.schema';
import type { ChavesApi } from './chaves-api.service';
import { type ChaveApi, chaveApiSortable } from './chaves-api.store';

const tag = 'Acesso';
const enderecosMax = 50;

const fields = {
  nome: nomeField,
  permissoes: permissoesField,
  expira_em: t.Optional(t.Union([t.String({ format: 'date-time' }), t.Null()])),
  enderecos: t.Optional(
    t.Array(t.String({ maxLength: 64 }), {
      maxItems: enderecosMax,
      description: 'Redes (CIDR) de onde pode ser usada; vazia: de qualquer uma',
      examples: [['203.0.113.0/24']],
    }),
  ),
  ativa: t.Optional(t.Boolean()),
};

const chaveSchema = t.Object({
  id: uuid,
  nome: t.String(),
  client_id: uuid,
  permissoes: t.Array(t.String()),
  enderecos: t.Array(t.String()),
  responsavel_id: uuid,
  ativa: t.Boolean(),
  expira_em: timestampOrNull,
  usada_em: timestampOrNull,
  usada_de: textOrNull,
  criado_em: timestamp,
  atualizado_em: timestamp,
});

const chaveComSegredo = t.Composite([
  chaveSchema,
  t.Object({ client_secret: t.String({ description: 'Mostrado só agora' }) }),
]);

function chaveView({ rev: _, segredo_hmac: __, ...chave }: ChaveApi): typeof chaveSchema.static {
  return {
    ...chave,
    client_id: chave.id,
    expira_em: rfc3339OrNull(chave.expira_em),
    usada_em: rfc3339OrNull(chave.usada_em),
    criado_em: rfc3339(chave.criado_em),
    atualizado_em: rfc3339(chave.atualizado_em),
  };
}

/** The moment of expiry in a body. @throws Problem VALIDACAO */
function expiry(text: string | null | undefined): number | null | undefined {
  if (text === null || text === undefined) return text;
  return parseRfc3339(text) ?? refuse();
}

function refuse(): never {
  throw invalidField('expira_em', 'deve ser uma data e hora RFC 3339, como 2026-11-24T14:05:00Z');
}

export function chavesApiRoutes(platform: Platform, chaves: ChavesApi) {
  return new Elysia({ prefix: '/chaves-api' })
    .use(platform)
    .post(
      '/',
      async ({ ator, body, set }) => {
        const { chave, segredo } = await chaves.criar(await ator(), { ...body, expira_em: expiry(body.expira_em) });
        created(set, `/api/v1/chaves-api/${chave.id}`, chave.rev);
        return { ...chaveView(chave), client_secret: segredo };
      },
      {
        acesso: 'chaves-api:criar',
        body: t.Object(fields),
        response: { 201: chaveComSegredo },
        detail: docs(
          tag,
          'criarChaveApi',
          'Cria uma chave de API',
          'O client_secret só aparece nesta resposta. A chave nunca pode mais do que quem responde por ela.',
        ),
      },
    )
    .get(
      '/',
      async ({ ator, query, request, set }) => {
        const { itens, ...rest } = await chaves.listar(await ator(), readPage(query, chaveApiSortable, 'criado_em'));
        linkNext(set, request, rest.proximo_cursor);
        return { itens: itens.map(chaveView), ...rest };
      },
      {
        acesso: 'chaves-api:ler',
        query: t.Object(listQuery),
        response: { 200: pageOf(chaveSchema) },
        detail: docs(tag, 'listarChavesApi', 'Lista as chaves de API'),
      },
    )
    .get(
      '/:id',
      async ({ ator, params, set }) => {
        const chave = await chaves.obter(await ator(), params.id);
        etag(set, chave.rev);
        return chaveView(chave);
      },
      {
        acesso: 'chaves-api:ler',
        params: idParams,
        response: { 200: chaveSchema },
        detail: docs(tag, 'obterChaveApi', 'Uma chave de API'),
      },
    )
    .put(
      '/:id',
      async ({ ator, params, body, request, set }) => {
        const edit = { ...body, expira_em: expiry(body.expira_em) };
        const chave = await chaves.atualizar(await ator(), params.id, edit, expectedRevision(request));
        etag(set, chave.rev);
        return chaveView(chave);
      },
      {
        acesso: 'chaves-api:editar',
        params: idParams,
        body: t.Partial(t.Object(fields)),
        response: { 200: chaveSchema },
        detail: docs(
          tag,
          'editarChaveApi',
          'Muda uma chave de API',
          'Quem concede permissões passa a responder por ela.',
        ),
      },
    )
    .post(
      '/:id/rotacionar',
      async ({ ator, params, set }) => {
        const { chave, segredo } = await chaves.rotacionar(await ator(), params.id);
        etag(set, chave.rev);
        return { ...chaveView(chave), client_secret: segredo };
      },
      {
        acesso: 'chaves-api:editar',
        params: idParams,
        response: { 200: chaveComSegredo },
        detail: docs(tag, 'rotacionarChaveApi', 'Troca o segredo de uma chave de API'),
      },
    )
    .delete(
      '/:id',
      async ({ ator, params, set }) => {
        await chaves.excluir(await ator(), params.id);
        set.status = 204;
      },
      {
        acesso: 'chaves-api:excluir',
        params: idParams,
        response: { 204: t.Void() },
        detail: docs(tag, 'excluirChaveApi', 'Exclui uma chave de API', 'Os tokens que obteve acabam com ela.'),
      },
    );
}
