/**
 * When behaviour is too unusual to be chance. Each rule counts something over a window and knows how often it happens when
 * nothing is wrong; it speaks when the chance of seeing so much is below its share of the false alarms that the house is
 * willing to have in a week.
 */

export const suspeitaTipos = [
  'maquinas_offline_em_massa',
  'recurso_anormal',
  'acesso_suspeito',
  'mudancas_frequentes',
  'chave_compartilhada',
] as const;
export type SuspeitaTipo = (typeof suspeitaTipos)[number];

/** What was counted, against what is usual. */
export interface Contagem {
  observado: number;
  /** The mean number in a window when nothing is wrong. */
  esperado: number;
  /** Fewer than this is never worth a word, however unlikely. */
  minimo: number;
}

/** How unlikely a count is by chance, Poisson: P(X >= observed). */
export function tail(observado: number, esperado: number): number {
  if (observado <= 0) return 1;
  let term = Math.exp(-esperado);
  let below = term;
  for (let k = 1; k < observado; k += 1) {
    term *= esperado / k;
    below += term;
  }
  // For tails too thin to be left over by a subtraction: the first term and its geometric rest bound them.
  if (1 - below > 1e-9) return 1 - below;
  const first = term * (esperado / observado);
  const ratio = esperado / (observado + 1);
  return ratio < 1 ? first / (1 - ratio) : 1;
}

/** What a rule may spend of the budget. */
export interface Orcamento {
  /** False alarms a week that all rules together may expect. */
  porSemana: number;
  /** How often a week this rule asks, over all that it watches. */
  perguntasPorSemana: number;
}

/**
 * Judges a count.
 * @returns a score of 0 to 1 when it is suspicious, the higher the less likely; null when it is not.
 */
export function judge({ observado, esperado, minimo }: Contagem, orcamento: Orcamento): number | null {
  if (observado < minimo) return null;
  const share = orcamento.porSemana / suspeitaTipos.length;
  const allowed = share / Math.max(1, orcamento.perguntasPorSemana);
  const chance = tail(observado, esperado);
  return chance < allowed ? 1 - chance / allowed : null;
}
