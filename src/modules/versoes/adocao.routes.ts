/** Who runs what, over HTTP. */

import { Elysia, t } from 'elysia';
import { rfc3339, rfc3339OrNull } from '../../core/clock';
import { readPage } from '../../core/page';
import { idParams, linkNext, listQuery, type Platform, pageOf } from '../../transport/http/kit/platform';
import { docs, timestamp, timestampOrNull, uuid } from '../../transport/http/kit/wire';
import type { Adocoes } from './adocao.service';

const tag = 'Versões';

const rodandoSchema = t.Object({
  maquina_id: uuid,
  nome: t.String(),
  cliente_id: uuid,
  licenca_id: uuid,
  conexao: t.String(),
  desde: timestamp,
});

export function adocaoRoutes(platform: Platform, adocoes: Adocoes) {
  return new Elysia({ prefix: '/uploads' })
    .use(platform)
    .get(
      '/versao/:id/maquinas',
      async ({ ator, params, query, request, set }) => {
        const page = readPage(query, ['desde'], 'desde');
        const { itens, ...rest } = await adocoes.maquinasDe(await ator(), params.id, page);
        linkNext(set, request, rest.proximo_cursor);
        return { itens: itens.map((item) => ({ ...item, desde: rfc3339(item.desde) })), ...rest };
      },
      {
        acesso: 'maquinas:ler',
        params: idParams,
        query: t.Object(listQuery),
        response: { 200: pageOf(rodandoSchema) },
        detail: docs(tag, 'maquinasDaVersao', 'As máquinas que rodam uma versão, e desde quando'),
      },
    )
    .get(
      '/adocao',
      async ({ ator, query }) => {
        const itens = await adocoes.porVersao(await ator(), query.produto);
        return {
          itens: itens.map((item) => ({
            ...item,
            primeira_em: rfc3339(item.primeira_em),
            ultima_em: rfc3339(item.ultima_em),
          })),
        };
      },
      {
        acesso: 'uploads:ler',
        query: t.Object({ produto: t.Optional(t.String({ maxLength: 100, description: 'Slug ou id' })) }),
        response: {
          200: t.Object({
            itens: t.Array(
              t.Object({ versao: t.String(), maquinas: t.Integer(), primeira_em: timestamp, ultima_em: timestamp }),
            ),
          }),
        },
        detail: docs(tag, 'adocao', 'Quantas máquinas rodam cada versão de um produto'),
      },
    )
    .get(
      '/adocao/:id',
      async ({ ator, params }) => {
        const itens = await adocoes.historico(await ator(), params.id);
        return {
          itens: itens.map(({ versao, desde, ate }) => ({ versao, desde: rfc3339(desde), ate: rfc3339OrNull(ate) })),
        };
      },
      {
        acesso: 'maquinas:ler',
        params: idParams,
        response: {
          200: t.Object({ itens: t.Array(t.Object({ versao: t.String(), desde: timestamp, ate: timestampOrNull })) }),
        },
        detail: docs(tag, 'versoesDaMaquina', 'O que uma máquina já rodou'),
      },
    );
}
