/** A score taken apart: what each fact about a customer adds to its probability of leaving, and what to do about it. */

import { sigmoid } from './arvores.model';

/** One reason, in log-odds. */
export interface Fator {
  nome: string;
  valor: number;
  logOdds: number;
  texto: string;
}

export const classes = ['baixo', 'medio', 'alto', 'critico'] as const;
export type Classe = (typeof classes)[number];

/** From which probability on a class applies, in the order of `classes`. */
const classFrom: Readonly<Record<Classe, number>> = { baixo: 0, medio: 0.2, alto: 0.4, critico: 0.65 };

/** The class of a calibrated probability. */
export function classOf(probability: number): Classe {
  return classes.findLast((classe) => probability >= classFrom[classe]) ?? 'baixo';
}

/** A reason as it is answered; `contribuicao` is in probability. */
export interface FatorExplicado {
  nome: string;
  /** Null where nothing is known. */
  valor: number | null;
  contribuicao: number;
  texto: string;
}

export interface Explicacao {
  probabilidade: number;
  /** The probability without any of the factors. */
  base: number;
  /** The greatest first; `base` and all contributions add up to `probabilidade`. */
  fatores: FatorExplicado[];
}

/** Too little to be worth a word; it goes into the base. */
const negligible = 1e-9;

/**
 * Takes a score apart. Log-odds add up, probabilities do not: the way from the base to the probability is divided among the
 * factors in proportion to their log-odds.
 * @param expected log-odds without any factor.
 */
export function explain(expected: number, factors: readonly Fator[]): Explicacao {
  const kept = factors.filter(({ logOdds }) => Math.abs(logOdds) > negligible);
  const sum = kept.reduce((total, { logOdds }) => total + logOdds, 0);
  const base = sigmoid(expected);
  const probabilidade = sigmoid(expected + sum);
  // Where ups and downs cancel out there is no way to divide: the slope of the curve stands in for it.
  const perLogOdd = Math.abs(sum) > negligible ? (probabilidade - base) / sum : base * (1 - base);
  const fatores = kept
    .map(({ nome, valor, logOdds, texto }) => {
      const contribuicao = logOdds * perLogOdd;
      return {
        nome,
        valor: Number.isNaN(valor) ? null : valor,
        contribuicao,
        texto: `${texto}: ${points(contribuicao)}`,
      };
    })
    .sort((a, b) => Math.abs(b.contribuicao) - Math.abs(a.contribuicao));
  return { probabilidade, base, fatores };
}

/** A share as percentage points with its sign: `+18 pontos`. */
function points(share: number): string {
  const rounded = Math.round(share * 100);
  const sign = rounded > 0 ? '+' : rounded < 0 ? '−' : '';
  return `${sign}${Math.abs(rounded)} ${Math.abs(rounded) === 1 ? 'ponto' : 'pontos'}`;
}

const suggestions: Readonly<Record<string, string>> = {
  maquinas_silenciosas: 'Ligue para saber por que as máquinas pararam e ofereça ajuda para voltar a usar.',
  faturas_vencidas: 'Combine o pagamento: ofereça parcelar ou mudar a data de vencimento.',
  tendencia_de_uso: 'Pergunte o que mudou no dia a dia deles e mostre o que ainda não usam.',
  versoes_atras: 'Ofereça atualizar as máquinas junto com o cliente.',
  recusas: 'Veja por que a licença recusa e ajuste o limite ou os recursos.',
  contrato_meses: 'Ofereça um plano anual com desconto.',
  preco_relativo: 'Reveja o preço: um plano menor mantém o cliente melhor do que nenhum.',
  tempo_meses: 'Cliente novo: acompanhe de perto as primeiras semanas.',
  pagamento_automatico: 'Ofereça renovação automática.',
  extras: 'Mostre os recursos extras que clientes parecidos usam.',
};
const suggestionsMax = 3;
/** What adds less than this is no reason to act. */
const worthActing = 0.02;

/** What can be done about the factors that add the most. */
export function suggestionsFor(factors: readonly FatorExplicado[]): string[] {
  return factors
    .filter(({ contribuicao }) => contribuicao >= worthActing)
    .flatMap(({ nome }) => suggestions[nome] ?? [])
    .slice(0, suggestionsMax);
}
