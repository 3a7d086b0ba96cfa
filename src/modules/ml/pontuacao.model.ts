/** From what is known of customers to a model's rows, and from its answers back to explained scores. */

import { type Ensemble, type Rows, toRows } from './arvores.model';
import {
  caracteristicasIniciais,
  columnValue,
  describe,
  isCaracteristica,
  type Retrato,
} from './caracteristicas.model';
import { behaviourFactors } from './comportamento.model';
import type { Explainer } from './contribuicoes.model';
import { type Explicacao, explain, type Fator } from './fatores.model';

/** Log-odds of a probability that 32 bits have rounded to 0 or 1. */
const probabilityMargin = 1e-7;

/** The rows that a model reads; a column that it asks for and nobody knows is missing. */
export function rowsOf(features: readonly string[], retratos: readonly Retrato[]): Rows {
  const table = retratos.map((retrato) =>
    features.map((name) => (isCaracteristica(name) ? columnValue(retrato, name) : Number.NaN)),
  );
  return toRows(table, features.length);
}

/** Whether a model never saw behaviour, so that it has to be added. */
export function isColdStart(features: readonly string[]): boolean {
  return features.every((name) => caracteristicasIniciais.some((known) => known === name));
}

/**
 * Explains what a model answered for customers.
 * @param probabilities the model's answers, one a customer.
 */
export function explainAll(
  { features }: Ensemble,
  explainer: Explainer,
  retratos: readonly Retrato[],
  rows: Rows,
  probabilities: ArrayLike<number>,
): Explicacao[] {
  const { values } = explainer(rows);
  const cold = isColdStart(features);
  return retratos.map((retrato, index) => {
    const own: Fator[] = features.map((nome, column) => {
      const logOdds = values[index * features.length + column] ?? 0;
      if (!isCaracteristica(nome)) return { nome, valor: Number.NaN, logOdds, texto: nome };
      return { nome, valor: columnValue(retrato, nome), logOdds, texto: describe(retrato, nome) };
    });
    // What the model answered is the score; what its factors leave over is the base.
    const expected = own.reduce((rest, { logOdds }) => rest - logOdds, logOddsOf(probabilities[index] ?? 0.5));
    return explain(expected, cold ? [...own, ...behaviourFactors(retrato.comportamento)] : own);
  });
}

function logOddsOf(probability: number): number {
  const p = Math.min(1 - probabilityMargin, Math.max(probabilityMargin, probability));
  return Math.log(p / (1 - p));
}
