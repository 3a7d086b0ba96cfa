/** Predictions on the wire. */

import { t } from 'elysia';
import { rfc3339 } from '../../core/clock';
import { oneOf, timestamp, uuid } from '../../transport/http/kit/wire';
import type { Churn } from './churn.store';
import { classes } from './fatores.model';
import type { Modelo } from './modelos.store';
import { suspeitaTipos } from './suspeitas.model';
import type { Suspeita } from './suspeitas.store';

const probability = t.Number({ minimum: 0, maximum: 1, examples: [0.42] });

export const churnSchema = t.Object({
  cliente_id: uuid,
  nome: t.Optional(t.String()),
  probabilidade: probability,
  classe: oneOf(classes),
  base: t.Number({ description: 'A probabilidade sem nenhum dos fatores; base e contribuições somam a probabilidade' }),
  fatores: t.Array(
    t.Object({
      nome: t.String({ examples: ['maquinas_silenciosas'] }),
      valor: t.Union([t.Number(), t.Null()]),
      contribuicao: t.Number({ description: 'Quanto soma à probabilidade', examples: [0.18] }),
      texto: t.String({ examples: ['3 de 5 máquinas sem sinal há 9 dias: +18 pontos'] }),
    }),
  ),
  sugestoes: t.Array(t.String()),
  modelo: t.String({ examples: ['churn/1'] }),
  calculado_em: timestamp,
});

export function churnView({ calculado_em, ...churn }: Churn & { nome?: string }) {
  return { ...churn, calculado_em: rfc3339(calculado_em) };
}

const metricasSchema = t.Object({
  metodo: t.String(),
  auc: t.Number(),
  brier: t.Number(),
  calibracao: t.Array(t.Object({ linhas: t.Integer(), prevista: t.Number(), observada: t.Number() })),
});

export const modeloSchema = t.Object({
  id: uuid,
  nome: t.String({ examples: ['churn'] }),
  versao: t.String({ examples: ['2'] }),
  ativo: t.Boolean(),
  origem: t.String({ description: 'Em que dados foi treinado' }),
  linhas: t.Integer(),
  dados_sha256: t.String(),
  sha256: t.String(),
  auc: t.Number(),
  brier: t.Number(),
  validacao: metricasSchema,
  cartao: t.String({ description: 'Em Markdown' }),
  treinado_em: timestamp,
});

export function modeloView({ metricas, treinado_em, ...modelo }: Modelo) {
  const { auc, brier } = metricas;
  return {
    ...modelo,
    auc,
    brier,
    validacao: { ...metricas, calibracao: [...metricas.calibracao] },
    treinado_em: rfc3339(treinado_em),
  };
}

export const treinoSchema = t.Object({
  ativado: t.Boolean({ description: 'Se o novo modelo é melhor e passou a ser usado' }),
  modelo: modeloSchema,
  novo: metricasSchema,
  atual: metricasSchema,
});

export const suspeitaSchema = t.Object({
  id: uuid,
  tipo: oneOf(suspeitaTipos),
  pontuacao: t.Number({ minimum: 0, maximum: 1 }),
  evidencias: t.Array(t.String()),
  entidade: t.String({ examples: ['cliente'] }),
  entidade_id: t.String(),
  em: timestamp,
  atualizada_em: timestamp,
});

export function suspeitaView({ em, atualizada_em, ...suspeita }: Suspeita) {
  return { ...suspeita, em: rfc3339(em), atualizada_em: rfc3339(atualizada_em) };
}
