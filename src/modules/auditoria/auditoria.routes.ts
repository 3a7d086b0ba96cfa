/** `/auditoria` over HTTP. */

import { Readable } from 'node:stream';
import { Elysia, t } from 'elysia';
import { parseRfc3339 } from '../../core/clock';
import { readPage } from '../../core/page';
import { invalidField } from '../../core/problem';
import { linkNext, listQuery, type Platform, pageOf } from '../../transport/http/kit/platform';
import { webStream } from '../../transport/http/kit/web-stream';
import { docs, textOrNull } from '../../transport/http/kit/wire';
import { auditSchema, auditView } from './auditoria.schema';
import type { Auditoria } from './auditoria.service';
import type { AuditFilter, AuditRow } from './auditoria.store';

const tag = 'Auditoria';

const word = t.Optional(t.String({ maxLength: 100 }));
const moment = (description: string) => t.Optional(t.String({ format: 'date-time', description }));

const filterQuery = {
  ator: t.Optional(t.String({ maxLength: 100, description: 'Id de quem fez' })),
  entidade: word,
  entidade_id: word,
  acao: word,
  de: moment('Desde, inclusive'),
  ate: moment('Até, exclusive'),
};

const verdictSchema = t.Object({
  integra: t.Boolean(),
  verificados: t.Integer({ description: 'Linhas conferidas, desde a primeira, até a quebra' }),
  quebra_em: t.Union([t.String(), t.Null()], { description: 'Id da primeira linha que não confere' }),
  posicao: t.Union([t.Integer(), t.Null()], { description: 'Posição dela na cadeia, a partir de 1' }),
  motivo: textOrNull,
});

type FilterQuery = { [Name in keyof typeof filterQuery]?: string | undefined };

function readFilter({ ator, entidade, entidade_id, acao, de, ate }: FilterQuery): AuditFilter {
  return { ator, entidade, entidade_id, acao, de: readMoment('de', de), ate: readMoment('ate', ate) };
}

function readMoment(campo: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const epochMs = parseRfc3339(text);
  if (epochMs === null) throw invalidField(campo, 'deve ser uma data e hora RFC 3339, como 2026-11-24T14:05:00Z');
  return epochMs;
}

export function auditoriaRoutes(platform: Platform, auditoria: Auditoria) {
  return new Elysia({ prefix: '/auditoria' })
    .use(platform)
    .get(
      '/',
      async ({ ator, query, request, set }) => {
        const page = readPage(query, ['em'], '-em');
        const { itens, ...rest } = await auditoria.listar(await ator(), page, readFilter(query));
        linkNext(set, request, rest.proximo_cursor);
        return { itens: itens.map(auditView), ...rest };
      },
      {
        acesso: 'auditoria:ler',
        query: t.Object({ ...listQuery, ...filterQuery }),
        response: { 200: pageOf(auditSchema) },
        detail: docs(tag, 'listarAuditoria', 'Toda mudança: quem, quando, de onde, antes e depois'),
      },
    )
    .get('/verificar', async ({ ator }) => auditoria.verificar(await ator()), {
      acesso: 'auditoria:ler',
      response: { 200: verdictSchema },
      detail: docs(
        tag,
        'verificarAuditoria',
        'Confere a cadeia inteira',
        'Cada linha traz o SHA-256 da anterior, e um selo fecha a última: linha mudada, tirada ou cortada do fim aparece.',
      ),
    })
    .get('/exportar', async ({ ator, query }) => jsonLines(auditoria.exportar(await ator(), readFilter(query))), {
      acesso: 'auditoria:ler',
      query: t.Object(filterQuery),
      detail: {
        ...docs(tag, 'exportarAuditoria', 'A auditoria em linhas JSON, da mais antiga à mais nova'),
        responses: { 200: { description: 'Uma linha JSON por mudança', content: { 'application/x-ndjson': {} } } },
      },
    });
}

/** One JSON document a line, with the links of the chain, read only as fast as the caller takes them. */
function jsonLines(rows: AsyncIterable<AuditRow>): Response {
  async function* lines(): AsyncGenerator<string> {
    for await (const row of rows) {
      const { seq, hash_anterior, hash } = row;
      yield `${JSON.stringify({ seq, ...auditView(row), hash_anterior, hash })}\n`;
    }
  }
  return new Response(webStream(Readable.from(lines())), {
    headers: {
      'content-type': 'application/x-ndjson; charset=utf-8',
      'content-disposition': 'attachment; filename="auditoria.jsonl"',
    },
  });
}
