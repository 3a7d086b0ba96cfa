/** `/painel` over HTTP. */

import { Elysia, t } from 'elysia';
import { rfc3339 } from '../../core/clock';
import { readPage } from '../../core/page';
import { linkNext, listQuery, type Platform, pageOf } from '../../transport/http/kit/platform';
import { docs, oneOf, timestamp, uuid } from '../../transport/http/kit/wire';
import { type Painel, periodosDeUso } from './painel.service';
import type { PlanoOferta } from './upgrade.model';

const tag = 'Painel';

/** How many there are of each. */
function counts<const T extends readonly string[]>(names: T) {
  const entries = names.map((name) => [name, t.Integer()]);
  return t.Object(Object.fromEntries(entries) as Record<T[number], ReturnType<typeof t.Integer>>);
}

const resumoSchema = t.Object({
  clientes: counts(['total', 'ativos', 'bloqueados', 'cancelados']),
  licencas: counts(['total', 'ativas', 'pendentes', 'bloqueadas', 'expiradas', 'canceladas']),
  maquinas: counts(['total', 'online', 'offline', 'bloqueadas', 'nunca_vistas', 'perdidas']),
  online_agora: t.Integer(),
  expirando_30_dias: t.Integer(),
  receita: counts(['recorrente_mensal_centavos', 'a_receber_centavos', 'vencido_centavos', 'recebido_no_mes_centavos']),
  alertas: counts(['abertos', 'criticos']),
  risco: counts(['baixo', 'medio', 'alto', 'critico']),
  calculado_em: timestamp,
});

const planoSchema = t.Object({
  id: uuid,
  nome: t.String(),
  preco_centavos: t.Integer(),
  periodo: t.String(),
  limite_maquinas: t.Integer(),
});

const sugestaoSchema = t.Object({
  cliente_id: uuid,
  cliente: t.String(),
  licenca_id: uuid,
  plano_atual: planoSchema,
  plano_sugerido: planoSchema,
  motivos: t.Array(t.String({ examples: ['usa 5 de 5 máquinas; o plano Loja permite 20'] })),
  receita_adicional_mensal_centavos: t.Integer(),
});

const seriesSchema = t.Array(t.Tuple([t.Integer(), t.Integer()]), { description: '[epoch_ms, quantos]' });

const usoSchema = t.Object({
  periodo: oneOf(periodosDeUso),
  de: timestamp,
  ate: timestamp,
  passo_ms: t.Integer(),
  series: t.Object({
    clientes_novos: seriesSchema,
    licencas_novas: seriesSchema,
    ativacoes: seriesSchema,
    renovacoes: seriesSchema,
    bloqueios: seriesSchema,
    cancelamentos: seriesSchema,
    conexoes: seriesSchema,
    quedas: seriesSchema,
  }),
  recusas: seriesSchema,
});

export function painelRoutes(platform: Platform, painel: Painel) {
  return new Elysia({ prefix: '/painel' })
    .use(platform)
    .get(
      '/resumo',
      async ({ ator }) => {
        const { calculado_em, ...resumo } = await painel.resumo(await ator());
        return { ...resumo, calculado_em: rfc3339(calculado_em) };
      },
      {
        acesso: 'painel:ler',
        response: { 200: resumoSchema },
        detail: docs(tag, 'resumo', 'Como estão as coisas agora', 'Calculado há cinco segundos, no máximo.'),
      },
    )
    .get(
      '/uso',
      async ({ ator, query }) => {
        const periodo = query.periodo ?? '30d';
        const { de, ate, ...uso } = await painel.uso(await ator(), periodo);
        return { periodo, de: rfc3339(de), ate: rfc3339(ate), ...uso };
      },
      {
        acesso: 'painel:ler',
        query: t.Object({ periodo: t.Optional(oneOf(periodosDeUso, 'Quanto tempo até agora; 30d se não for dito')) }),
        response: { 200: usoSchema },
        detail: docs(tag, 'uso', 'O que aconteceu em um período'),
      },
    )
    .get(
      '/sugestoes-upgrade',
      async ({ ator, query, request, set }) => {
        const { itens, ...rest } = await painel.sugestoesUpgrade(
          await ator(),
          readPage(query, ['criado_em'], 'criado_em'),
        );
        linkNext(set, request, rest.proximo_cursor);
        return {
          itens: itens.map((sugestao) => ({
            ...sugestao,
            plano_atual: planoView(sugestao.plano_atual),
            plano_sugerido: planoView(sugestao.plano_sugerido),
          })),
          ...rest,
        };
      },
      {
        acesso: 'painel:ler',
        query: t.Object(listQuery),
        response: { 200: pageOf(sugestaoSchema) },
        detail: docs(tag, 'sugestoesUpgrade', 'A quem oferecer um plano maior, e por quê'),
      },
    );
}

function planoView({ id, nome, preco_centavos, periodo, limite_maquinas }: PlanoOferta) {
  return { id, nome, preco_centavos, periodo, limite_maquinas };
}
