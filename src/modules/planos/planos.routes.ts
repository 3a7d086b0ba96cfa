/** `/planos` over HTTP. */

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
import { docs, integer, line, oneOf, timestamp, uuid } from '../../transport/http/kit/wire';
import { periodos } from '../faturas/periodo.model';
import { maquinasMax, recursosField } from '../licencas/licencas.schema';
import type { Plano } from './planos.model';
import type { Planos } from './planos.service';
import { planoSortable } from './planos.store';

const tag = 'Produtos e planos';
/** A hundred million reais: beyond it, somebody mistyped. */
const centavosMax = 10_000_000_000;
const carenciaDiasMax = 365;

const editable = {
  nome: line(200, { minLength: 1, examples: ['Profissional'] }),
  preco_centavos: integer({ minimum: 0, maximum: centavosMax, examples: [19_990] }),
  limite_maquinas: t.Optional(integer({ minimum: 1, maximum: maquinasMax })),
  recursos: t.Optional(recursosField),
  carencia_dias: t.Optional(integer({ minimum: 0, maximum: carenciaDiasMax })),
};

const planoSchema = t.Object({
  id: uuid,
  nome: t.String(),
  produto_id: uuid,
  preco_centavos: t.Integer(),
  periodo: oneOf(periodos),
  limite_maquinas: t.Integer(),
  recursos: t.Array(t.String()),
  carencia_dias: t.Integer(),
  criado_em: timestamp,
  atualizado_em: timestamp,
});

const simulatedState = t.Object({ status: t.String(), limite_maquinas: t.Integer(), recursos: t.Array(t.String()) });

const simulacaoSchema = t.Object({
  licencas: t.Integer({ description: 'Quantas licenças são deste plano' }),
  licencas_afetadas: t.Integer(),
  maquinas_afetadas: t.Integer(),
  exemplos: t.Array(
    t.Object({
      licenca_id: uuid,
      cliente_id: uuid,
      maquinas_ativas: t.Integer(),
      mudancas: t.Array(t.String()),
      antes: simulatedState,
      depois: simulatedState,
    }),
  ),
});

export const editPlanoBody = t.Partial(t.Object(editable));

function planoView({ rev: _, criado_em, atualizado_em, ...rest }: Plano): typeof planoSchema.static {
  return { ...rest, criado_em: rfc3339(criado_em), atualizado_em: rfc3339(atualizado_em) };
}

export function planosRoutes(platform: Platform, planos: Planos) {
  return new Elysia({ prefix: '/planos' })
    .use(platform)
    .post(
      '/',
      async ({ ator, body, set }) => {
        const { produto_id, ...input } = body;
        const plano = await planos.criar(await ator(), { ...input, produto: input.produto ?? produto_id });
        created(set, `/api/v1/planos/${plano.id}`, plano.rev);
        return planoView(plano);
      },
      {
        acesso: 'planos:criar',
        body: t.Object({
          ...editable,
          produto: t.Optional(line(100, { description: 'Slug ou id; padrao se não for dito' })),
          produto_id: t.Optional(uuid),
          periodo: oneOf(periodos),
        }),
        response: { 201: planoSchema },
        detail: docs(tag, 'criarPlano', 'Cria um plano'),
      },
    )
    .get(
      '/',
      async ({ ator, query, request, set }) => {
        const page = readPage(query, planoSortable, 'criado_em');
        const { itens, ...rest } = await planos.listar(await ator(), page, query.produto_id);
        linkNext(set, request, rest.proximo_cursor);
        return { itens: itens.map(planoView), ...rest };
      },
      {
        acesso: 'planos:ler',
        query: t.Object({ ...listQuery, produto_id: t.Optional(uuid) }),
        response: { 200: pageOf(planoSchema) },
        detail: docs(tag, 'listarPlanos', 'Lista os planos'),
      },
    )
    .get(
      '/:id',
      async ({ ator, params, set }) => {
        const plano = await planos.obter(await ator(), params.id);
        etag(set, plano.rev);
        return planoView(plano);
      },
      {
        acesso: 'planos:ler',
        params: idParams,
        response: { 200: planoSchema },
        detail: docs(tag, 'obterPlano', 'Um plano'),
      },
    )
    .put(
      '/:id',
      async ({ ator, params, body, request, set }) => {
        const plano = await planos.atualizar(await ator(), params.id, body, expectedRevision(request));
        etag(set, plano.rev);
        return planoView(plano);
      },
      {
        acesso: 'planos:editar',
        params: idParams,
        body: editPlanoBody,
        response: { 200: planoSchema },
        detail: docs(
          tag,
          'editarPlano',
          'Muda campos de um plano',
          'As licenças que herdam do plano acompanham; o preço vale da próxima fatura em diante.',
        ),
      },
    )
    .delete(
      '/:id',
      async ({ ator, params, set }) => {
        await planos.excluir(await ator(), params.id);
        set.status = 204;
      },
      {
        acesso: 'planos:excluir',
        params: idParams,
        response: { 204: t.Void() },
        detail: docs(tag, 'excluirPlano', 'Exclui um plano sem licenças'),
      },
    )
    .post('/:id/simular', async ({ ator, params, body }) => planos.simular(await ator(), params.id, body), {
      acesso: 'planos:ler',
      params: idParams,
      body: editPlanoBody,
      response: { 200: simulacaoSchema },
      detail: docs(tag, 'simularPlano', 'O que mudaria para as licenças de hoje', 'Nada é gravado.'),
    });
}
