/** `/alertas/regras` over HTTP. */

import { Elysia, t } from 'elysia';
import { type EventType, eventTypes } from '../../core/events';
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
import { docs } from '../../transport/http/kit/wire';
import { regraBody, regraEdit, regraSchema, regraView } from './alertas.schema';
import type { RegraFields } from './regras.model';
import type { Regras } from './regras.service';
import { regraSortable } from './regras.store';

const tag = 'Alertas';

export function regrasRoutes(platform: Platform, regras: Regras) {
  return new Elysia({ prefix: '/alertas/regras' })
    .use(platform)
    .post(
      '/',
      async ({ ator, body, set }) => {
        const regra = await regras.criar(await ator(), {
          ...defaults(body.evento),
          ...fieldsOf(body),
          nome: body.nome,
        });
        created(set, `/api/v1/alertas/regras/${regra.id}`, regra.rev);
        return regraView(regra);
      },
      {
        acesso: 'alertas:criar',
        body: regraBody,
        response: { 201: regraSchema },
        detail: docs(
          tag,
          'criarRegra',
          'Cria uma regra de alerta',
          'De um evento: limite é quantas vezes em por_minutos, ou por_minutos quanto a causa deve durar. De uma métrica: fecha em limite_retorno.',
        ),
      },
    )
    .get(
      '/',
      async ({ ator, query, request, set }) => {
        const { itens, ...rest } = await regras.listar(await ator(), readPage(query, regraSortable, 'criado_em'));
        linkNext(set, request, rest.proximo_cursor);
        return { itens: itens.map(regraView), ...rest };
      },
      {
        acesso: 'alertas:ler',
        query: t.Object(listQuery),
        response: { 200: pageOf(regraSchema) },
        detail: docs(tag, 'listarRegras', 'Lista as regras de alerta'),
      },
    )
    .get(
      '/:id',
      async ({ ator, params, set }) => {
        const regra = await regras.obter(await ator(), params.id);
        etag(set, regra.rev);
        return regraView(regra);
      },
      {
        acesso: 'alertas:ler',
        params: idParams,
        response: { 200: regraSchema },
        detail: docs(tag, 'obterRegra', 'Uma regra de alerta'),
      },
    )
    .put(
      '/:id',
      async ({ ator, params, body, request, set }) => {
        const regra = await regras.atualizar(await ator(), params.id, fieldsOf(body), expectedRevision(request));
        etag(set, regra.rev);
        return regraView(regra);
      },
      {
        acesso: 'alertas:editar',
        params: idParams,
        body: regraEdit,
        response: { 200: regraSchema },
        detail: docs(
          tag,
          'editarRegra',
          'Muda campos de uma regra',
          'Se muda o que vigia, seus alertas abertos fecham.',
        ),
      },
    )
    .delete(
      '/:id',
      async ({ ator, params, set }) => {
        await regras.excluir(await ator(), params.id);
        set.status = 204;
      },
      {
        acesso: 'alertas:excluir',
        params: idParams,
        response: { 204: t.Void() },
        detail: docs(tag, 'excluirRegra', 'Exclui uma regra', 'As de fábrica podem ser desativadas.'),
      },
    );
}

/** What a new rule has where nothing is said. */
function defaults(evento: string | null | undefined): Omit<RegraFields, 'nome'> {
  return {
    evento: null,
    metrica: null,
    condicao: null,
    limite: null,
    limite_retorno: null,
    por_minutos: 0,
    severidade: 'aviso',
    canais: ['ui'],
    silencio: null,
    agrupar_por: evento?.startsWith('maquina.') ? 'cliente' : 'entidade',
    ativa: true,
  };
}

/** The fields of a body. @throws Problem VALIDACAO for a name that is no event's. */
function fieldsOf({ evento, ...body }: typeof regraEdit.static): Partial<RegraFields> {
  const known = evento ? (eventTypes.find((tipo) => tipo === evento) ?? null) : null;
  if (evento && known === null) throw invalidField('evento', 'não é o nome de um evento');
  const tipo: { evento?: EventType | null } = evento === undefined ? {} : { evento: known };
  const entries = Object.entries(body).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(entries), ...tipo };
}
