/** `/{modulo}/{id}/historico` and the comparison of two of its points, over HTTP. */

import { Elysia, t } from 'elysia';
import { readPage } from '../../core/page';
import { idParams, linkNext, listQuery, type Platform, pageOf } from '../../transport/http/kit/platform';
import { docs, uuid } from '../../transport/http/kit/wire';
import { auditSchema, auditView } from './auditoria.schema';
import { differencesOf } from './historico.model';
import type { Historico, ModuloComHistorico } from './historico.service';

const compareQuery = t.Object({
  de: t.Optional(t.String({ format: 'uuid', description: 'Id da mudança de cujo resultado se parte' })),
  ate: t.Optional(t.String({ format: 'uuid', description: 'Id da última mudança; a mais nova, se faltar' })),
});

const compareSchema = t.Object({
  mudancas: t.Array(uuid, { description: 'Ids das mudanças comparadas, da mais antiga à mais nova' }),
  diferencas: t.Array(t.Object({ campo: t.String(), antes: t.Unknown(), depois: t.Unknown() })),
});

const tags: readonly (readonly [ModuloComHistorico, string])[] = [
  ['clientes', 'Clientes'],
  ['licencas', 'Licenças'],
  ['maquinas', 'Máquinas'],
  ['produtos', 'Produtos e planos'],
  ['planos', 'Produtos e planos'],
  ['faturas', 'Faturas'],
];

export function historicoRoutes(platform: Platform, historico: Historico) {
  const list = (modulo: Exclude<ModuloComHistorico, 'clientes'>, tag: string) =>
    new Elysia({ prefix: `/${modulo}` }).use(platform).get(
      '/:id/historico',
      async ({ ator, params, query, request, set }) => {
        const page = readPage(query, ['em'], 'em');
        const { itens, ...rest } = await historico.listar(await ator(), modulo, params.id, page);
        linkNext(set, request, rest.proximo_cursor);
        return { itens: itens.map(auditView), ...rest };
      },
      {
        acesso: `${modulo}:ler`,
        params: idParams,
        query: t.Object(listQuery),
        response: { 200: pageOf(auditSchema) },
        detail: docs(tag, `historico_${modulo}`, 'Toda mudança, quem, antes e depois'),
      },
    );

  const compare = (modulo: ModuloComHistorico, tag: string) =>
    new Elysia({ prefix: `/${modulo}` }).use(platform).get(
      '/:id/historico/comparar',
      async ({ ator, params, query: { de = null, ate = null } }) => {
        const rows = await historico.entre(await ator(), modulo, params.id, { de, ate });
        return { mudancas: rows.map(({ id }) => id), diferencas: differencesOf(rows.map(auditView)) };
      },
      {
        acesso: `${modulo}:ler`,
        params: idParams,
        query: compareQuery,
        response: { 200: compareSchema },
        detail: docs(
          tag,
          `comparar_${modulo}`,
          'O que difere entre dois pontos do histórico',
          'Sem `de`, o que a mudança `ate` fez.',
        ),
      },
    );

  const routes = new Elysia();
  for (const [modulo, tag] of tags) {
    // The list of a customer's history is beside what the law asks for.
    if (modulo !== 'clientes') routes.use(list(modulo, tag));
    routes.use(compare(modulo, tag));
  }
  return routes;
}
