/** `/eventos` over HTTP: what has happened, and how its delivery goes. */

import { Elysia, t } from 'elysia';
import { rfc3339 } from '../../core/clock';
import { eventTypes } from '../../core/events';
import { readPage } from '../../core/page';
import { moment } from '../../transport/http/kit/moment';
import {
  type Authenticate,
  bearerToken,
  idParams,
  linkNext,
  listQuery,
  type Platform,
  pageOf,
} from '../../transport/http/kit/platform';
import { answers, docs, line, oneOf, textOrNull, timestamp, uuid } from '../../transport/http/kit/wire';
import type { Eventos } from './eventos.service';
import { eventoSortable, type Morta, mortaSortable } from './eventos.store';
import { type createStream, readLastId } from './stream.http';

const tag = 'Eventos';

const eventoSchema = t.Object({
  id: uuid,
  tipo: oneOf(eventTypes),
  em: timestamp,
  entidade: t.String(),
  entidade_id: t.String(),
  dados: t.Record(t.String(), t.Unknown()),
  request_id: textOrNull,
});

const mortaSchema = t.Object({
  id: uuid,
  consumidor: t.String(),
  evento_id: t.Union([uuid, t.Null()]),
  tipo: textOrNull,
  entidade_id: t.String(),
  tentativas: t.Integer(),
  erro: t.String(),
  morta_em: timestamp,
});

const consumidorSchema = t.Object({
  consumidor: t.String(),
  pendentes: t.Integer(),
  atraso_ms: t.Integer({ description: 'Idade do evento mais antigo por entregar' }),
  mortas: t.Integer(),
});

function mortaView({ seq: _, morta_em, ...rest }: Morta): typeof mortaSchema.static {
  return { ...rest, morta_em: rfc3339(morta_em) };
}

interface Dependencies {
  platform: Platform;
  eventos: Eventos;
  stream: ReturnType<typeof createStream>;
  authenticate: Authenticate;
}

export function eventosRoutes({ platform, eventos, stream, authenticate }: Dependencies) {
  return new Elysia({ prefix: '/eventos' })
    .use(platform)
    .get(
      '/',
      async ({ ator, query, request, set }) => {
        const page = readPage(query, eventoSortable, '-em');
        const { tipo = '*', de, ate, entidade_id } = query;
        const found = await eventos.listar(await ator(), page, tipo, {
          entidade_id,
          de: moment('de', de),
          ate: moment('ate', ate),
        });
        linkNext(set, request, found.proximo_cursor);
        return { ...found, itens: found.itens.map((evento) => ({ ...evento, dados: { ...evento.dados } })) };
      },
      {
        acesso: 'eventos:ler',
        query: t.Object({
          ...listQuery,
          tipo: t.Optional(line(64, { description: 'Nome, família (licenca.*) ou *' })),
          entidade_id: t.Optional(line(64)),
          de: t.Optional(line(40)),
          ate: t.Optional(line(40)),
        }),
        response: { 200: pageOf(eventoSchema) },
        detail: docs(tag, 'listarEventos', 'O que aconteceu, o mais recente primeiro'),
      },
    )
    .get(
      '/stream',
      ({ query, request }) => {
        const padroes = query.tipos?.split(',').map((padrao) => padrao.trim()) ?? ['*'];
        const lastId = request.headers.get('last-event-id') ?? query.ultimo_id ?? null;
        const token = bearerToken(request) ?? '';
        return stream(() => authenticate(token, request), padroes, readLastId(lastId));
      },
      {
        acesso: 'eventos:ler',
        query: t.Object({
          tipos: t.Optional(line(2_000, { description: 'Padrões com vírgulas; todos se não for dito' })),
          ultimo_id: t.Optional(line(64, { description: 'Em vez do cabeçalho Last-Event-ID' })),
        }),
        detail: {
          ...docs(
            tag,
            'ouvirEventos',
            'Eventos ao vivo (text/event-stream)',
            'Com Last-Event-ID segue de onde parou; um comentário a cada 15 s.',
          ),
          ...answers('Um evento após o outro', ['text/event-stream']),
        },
      },
    )
    .get('/consumidores', async ({ ator }) => ({ itens: await eventos.consumidores(await ator()) }), {
      acesso: 'eventos:ler',
      response: { 200: t.Object({ itens: t.Array(consumidorSchema) }) },
      detail: docs(tag, 'listarConsumidores', 'Quem reage aos eventos, e com quanto atraso'),
    })
    .get(
      '/mortas',
      async ({ ator, query, request, set }) => {
        const { itens, ...rest } = await eventos.listarMortas(
          await ator(),
          readPage(query, mortaSortable, '-morta_em'),
        );
        linkNext(set, request, rest.proximo_cursor);
        return { itens: itens.map(mortaView), ...rest };
      },
      {
        acesso: 'eventos:ler',
        query: t.Object(listQuery),
        response: { 200: pageOf(mortaSchema) },
        detail: docs(tag, 'listarEntregasMortas', 'Entregas internas que se desistiu de tentar'),
      },
    )
    .post(
      '/mortas/:id/reenviar',
      async ({ ator, params, set }) => {
        await eventos.reenviar(await ator(), params.id);
        set.status = 204;
      },
      {
        acesso: 'eventos:executar',
        params: idParams,
        response: { 204: t.Void() },
        detail: docs(tag, 'reenviarEntregaMorta', 'Tenta de novo uma entrega interna morta'),
      },
    );
}
