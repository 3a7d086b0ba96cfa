/** `/uploads/fixacoes` over HTTP. */

import { Elysia, t } from 'elysia';
import { rfc3339 } from '../../core/clock';
import { readPage } from '../../core/page';
import { idParams, linkNext, listQuery, type Platform, pageOf } from '../../transport/http/kit/platform';
import { docs, line, oneOf, textOrNull, timestamp, uuid } from '../../transport/http/kit/wire';
import type { Fixacoes } from './fixacoes.service';
import { alvos, type Fixacao } from './fixacoes.store';

const tag = 'Versões';

const fixacaoSchema = t.Object({
  id: uuid,
  alvo: oneOf(alvos),
  alvo_id: uuid,
  produto_id: uuid,
  versao: t.String(),
  motivo: textOrNull,
  criado_em: timestamp,
});

function view({ criado_em, ...rest }: Fixacao): typeof fixacaoSchema.static {
  const alvo = alvos.find((one) => one === rest.alvo) ?? 'cliente';
  return { ...rest, alvo, criado_em: rfc3339(criado_em) };
}

export function fixacoesRoutes(platform: Platform, fixacoes: Fixacoes) {
  return new Elysia({ prefix: '/uploads/fixacoes' })
    .use(platform)
    .post(
      '/',
      async ({ ator, body, set }) => {
        const fixacao = await fixacoes.fixar(await ator(), body);
        set.status = 201;
        set.headers.location = `/api/v1/uploads/fixacoes?alvo_id=${fixacao.alvo_id}`;
        return view(fixacao);
      },
      {
        acesso: 'uploads:editar',
        body: t.Object({
          alvo: oneOf(alvos),
          alvo_id: uuid,
          produto: t.Optional(line(100, { description: 'De um cliente: slug ou id; padrao se não for dito' })),
          versao: line(64, { examples: ['2.0.3'] }),
          motivo: t.Optional(line(500)),
        }),
        response: { 201: fixacaoSchema },
        detail: docs(
          tag,
          'fixarVersao',
          'Fixa um cliente ou uma máquina em uma versão',
          'Não passa dela; a própria é oferecida de qualquer canal e fora da distribuição gradual.',
        ),
      },
    )
    .get(
      '/',
      async ({ ator, query, request, set }) => {
        const page = readPage(query, ['criado_em'], 'criado_em');
        const { itens, ...rest } = await fixacoes.listar(await ator(), page, query);
        linkNext(set, request, rest.proximo_cursor);
        return { itens: itens.map(view), ...rest };
      },
      {
        acesso: 'uploads:ler',
        query: t.Object({ ...listQuery, alvo_id: t.Optional(uuid), produto_id: t.Optional(uuid) }),
        response: { 200: pageOf(fixacaoSchema) },
        detail: docs(tag, 'listarFixacoes', 'Lista as fixações'),
      },
    )
    .delete(
      '/:id',
      async ({ ator, params, set }) => {
        await fixacoes.soltar(await ator(), params.id);
        set.status = 204;
      },
      {
        acesso: 'uploads:editar',
        params: idParams,
        response: { 204: t.Void() },
        detail: docs(tag, 'soltarVersao', 'Desfaz uma fixação'),
      },
    );
}
