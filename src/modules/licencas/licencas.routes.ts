/** `/licencas` for administrators. */

import { Elysia, t } from 'elysia';
import type { Clock } from '../../core/clock';
import { readPage } from '../../core/page';
import { moment } from '../../transport/http/kit/moment';
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
import { docs, motivoBody } from '../../transport/http/kit/wire';
import type { Arquivo } from './arquivo.service';
import { editLicencaBody, licencaFilterQuery, licencaSchema, novaLicencaBody, renovarBody } from './licencas.schema';
import type { LicencaEdit, LicencaShown, Licencas } from './licencas.service';
import { licencaSortable } from './licencas.store';
import { licencaView } from './licencas.view';

const tag = 'Licenças';

export function licencasRoutes(platform: Platform, licencas: Licencas, arquivo: Arquivo, clock: Clock) {
  type Answer = { headers: Record<string, string | number | undefined> };

  function view({ facts, chave }: LicencaShown, set: Answer): typeof licencaSchema.static {
    etag(set, facts.licenca.rev);
    return { ...licencaView(facts, clock.now(), chave), metadados: facts.licenca.metadados };
  }

  const action = { params: idParams, response: { 200: licencaSchema } };

  return new Elysia({ prefix: '/licencas' })
    .use(platform)
    .post(
      '/',
      async ({ ator, body, set }) => {
        const { inicia_em, expira_em, atualizacoes_ate, ...rest } = body;
        const period = {
          inicia_em: moment('inicia_em', inicia_em),
          expira_em: moment('expira_em', expira_em ?? undefined),
        };
        const shown = await licencas.criar(await ator(), { ...rest, ...period, ...updatesUntil(atualizacoes_ate) });
        created(set, `/api/v1/licencas/${shown.facts.licenca.id}`, shown.facts.licenca.rev);
        return view(shown, set);
      },
      {
        acesso: 'licencas:criar',
        body: novaLicencaBody,
        response: { 201: licencaSchema },
        detail: docs(tag, 'criarLicenca', 'Emite uma licença', 'A chave vem inteira nesta resposta.'),
      },
    )
    .get(
      '/',
      async ({ ator, query, request, set }) => {
        const page = readPage(query, licencaSortable, 'criado_em');
        const { itens, ...rest } = await licencas.listar(await ator(), page, query);
        linkNext(set, request, rest.proximo_cursor);
        const now = clock.now();
        return {
          itens: itens.map((facts) => ({ ...licencaView(facts, now, null), metadados: facts.licenca.metadados })),
          ...rest,
        };
      },
      {
        acesso: 'licencas:ler',
        query: t.Object({ ...listQuery, ...licencaFilterQuery }),
        response: { 200: pageOf(licencaSchema) },
        detail: docs(tag, 'listarLicencas', 'Lista as licenças', 'As chaves aparecem só pelo primeiro grupo.'),
      },
    )
    .get('/:id', async ({ ator, params, set }) => view(await licencas.obter(await ator(), params.id), set), {
      acesso: 'licencas:ler',
      ...action,
      detail: docs(tag, 'obterLicenca', 'Uma licença'),
    })
    .get(
      '/:id/arquivo',
      async ({ ator, params, query }) => {
        const jws = await arquivo.emitir(await ator(), params.id, query.impressao);
        return new Response(jws, {
          headers: {
            'content-type': 'application/jose',
            'content-disposition': `attachment; filename="licenca-${params.id}.jws"`,
          },
        });
      },
      {
        acesso: 'licencas:ler',
        params: idParams,
        query: t.Object({ impressao: t.Optional(t.String()) }),
        detail: {
          ...docs(
            tag,
            'arquivoDaLicenca',
            'Arquivo assinado para uma máquina sem rede',
            'JWS compacto, EdDSA; vale até o fim da licença.',
          ),
          responses: { 200: { description: 'O arquivo', content: { 'application/jose': {} } } },
        },
      },
    )
    .put(
      '/:id',
      async ({ ator, params, body, request, set }) => {
        return view(await licencas.atualizar(await ator(), params.id, editOf(body), expectedRevision(request)), set);
      },
      {
        acesso: 'licencas:editar',
        ...action,
        body: editLicencaBody,
        detail: docs(tag, 'editarLicenca', 'Muda campos de uma licença'),
      },
    )
    .post(
      '/:id/bloquear',
      async ({ ator, params, body, set }) => view(await licencas.bloquear(await ator(), params.id, body.motivo), set),
      {
        acesso: 'licencas:bloquear',
        ...action,
        body: motivoBody,
        detail: docs(tag, 'bloquearLicenca', 'Bloqueia uma licença'),
      },
    )
    .post(
      '/:id/desbloquear',
      async ({ ator, params, set }) => view(await licencas.desbloquear(await ator(), params.id), set),
      {
        acesso: 'licencas:bloquear',
        ...action,
        detail: docs(tag, 'desbloquearLicenca', 'Desbloqueia uma licença'),
      },
    )
    .post(
      '/:id/cancelar',
      async ({ ator, params, set }) => view(await licencas.cancelar(await ator(), params.id), set),
      {
        acesso: 'licencas:excluir',
        ...action,
        detail: docs(tag, 'cancelarLicenca', 'Cancela uma licença para sempre'),
      },
    )
    .post(
      '/:id/renovar',
      async ({ ator, params, body, set }) => {
        const terms = { dias: body.dias, expira_em: moment('expira_em', body.expira_em) };
        return view(await licencas.renovar(await ator(), params.id, terms), set);
      },
      {
        acesso: 'licencas:editar',
        ...action,
        body: renovarBody,
        detail: docs(
          tag,
          'renovarLicenca',
          'Renova uma licença',
          'Conta do mais tarde entre agora e o vencimento atual.',
        ),
      },
    );
}

/** An edit as the service takes it. @throws Problem VALIDACAO */
export function editOf({ atualizacoes_ate, ...rest }: typeof editLicencaBody.static): LicencaEdit {
  return { ...rest, ...updatesUntil(atualizacoes_ate) };
}

/** The end of updates as the service takes it; nothing when it was not said. */
function updatesUntil(text: string | null | undefined): { atualizacoes_ate?: number | null } {
  if (text === undefined) return {};
  return { atualizacoes_ate: text === null ? null : (moment('atualizacoes_ate', text) ?? null) };
}
