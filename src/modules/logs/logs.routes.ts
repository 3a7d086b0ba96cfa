/** `/logs` over HTTP. */

import { Elysia, t } from 'elysia';
import { pageLimitDefault } from '../../core/page';
import { moment } from '../../transport/http/kit/moment';
import { linkNext, listQuery, type Platform, pageOf } from '../../transport/http/kit/platform';
import { docs, line, oneOf, textOrNull, timestamp } from '../../transport/http/kit/wire';
import { linhaNiveis } from './linha.model';
import type { Logs } from './logs.service';

const tag = 'Sistema';
const nivel = oneOf(linhaNiveis);
const linhaSchema = t.Object({
  id: t.String(),
  em: timestamp,
  nivel,
  modulo: textOrNull,
  mensagem: t.String(),
  request_id: textOrNull,
  dados: t.Record(t.String(), t.Unknown()),
});
const niveisSchema = t.Object({
  padrao: t.String(),
  modulos: t.Record(t.String(), t.String(), {
    description: 'As partes que já registraram algo, cada uma com seu nível',
  }),
});

export function logsRoutes(platform: Platform, logs: Logs) {
  return new Elysia({ prefix: '/logs' })
    .use(platform)
    .get(
      '/',
      async ({ ator, query, request, set }) => {
        const { desde, ate, busca, texto = busca, limite = pageLimitDefault, cursor, ...filter } = query;
        const wanted = { ...filter, texto, desde: moment('desde', desde), ate: moment('ate', ate) };
        const page = await logs.listar(await ator(), wanted, limite, cursor ?? null);
        linkNext(set, request, page.proximo_cursor);
        return page;
      },
      {
        acesso: 'logs:ler',
        query: t.Object({
          limite: listQuery.limite,
          cursor: listQuery.cursor,
          busca: t.Optional(line(200)),
          nivel: t.Optional(oneOf(linhaNiveis, 'Este nível e os mais graves')),
          texto: t.Optional(line(200, { description: 'Em qualquer parte da linha' })),
          modulo: t.Optional(line(32)),
          requisicao: t.Optional(line(128, { description: 'O X-Request-Id' })),
          desde: t.Optional(line(40)),
          ate: t.Optional(line(40)),
        }),
        response: { 200: pageOf(linhaSchema) },
        detail: docs(
          tag,
          'listarLogs',
          'O que o servidor registrou, o mais novo primeiro',
          'Uma página pode vir com menos itens e um cursor: cada uma lê uma quantidade limitada dos arquivos.',
        ),
      },
    )
    .get('/niveis', async ({ ator }) => logs.niveis(await ator()), {
      acesso: 'logs:ler',
      response: { 200: niveisSchema },
      detail: docs(tag, 'niveisDeLog', 'Quanto cada parte registra'),
    })
    .put('/niveis', async ({ ator, body }) => logs.mudarNiveis(await ator(), body), {
      acesso: 'logs:editar',
      body: t.Object({
        padrao: t.Optional(nivel),
        modulos: t.Optional(
          t.Record(t.String(), t.Union([nivel, t.Null()]), {
            description: 'null volta ao padrão',
            examples: [{ http: 'debug' }],
          }),
        ),
      }),
      response: { 200: niveisSchema },
      detail: docs(tag, 'mudarNiveisDeLog', 'Muda quanto se registra', 'Vale na hora e até o servidor parar.'),
    });
}
