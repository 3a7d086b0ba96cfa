/** The columns of the churn models, and the words for them. */

import type { Comportamento } from './comportamento.model';

/** What the cold-start model knows of a customer: only what the public data it was trained on and this product both hold. */
export const caracteristicasIniciais = [
  /** Months since the customer came. */
  'tempo_meses',
  /** Months that one billing period binds. */
  'contrato_meses',
  /** Monthly price over the median monthly price of the installation. */
  'preco_relativo',
  /** Whether it is paid without anybody doing anything: 1 or 0. */
  'pagamento_automatico',
  /** Paid extras: features of the licences beyond the first. */
  'extras',
] as const;

/** What a model trained on the installation's own history knows besides. */
export const caracteristicasProprias = [
  ...caracteristicasIniciais,
  'maquinas',
  'maquinas_silenciosas',
  'dias_de_silencio',
  'faturas_vencidas',
  'dias_de_atraso',
  'tendencia_de_uso',
  'versoes_atras',
  'recusas',
] as const;

type Inicial = (typeof caracteristicasIniciais)[number];
export type Caracteristica = (typeof caracteristicasProprias)[number];

/** A customer at some moment; NaN where nothing is known. */
export interface Retrato extends Record<Inicial, number> {
  comportamento: Comportamento;
}

/** The value of one column. */
export function columnValue(retrato: Retrato, name: Caracteristica): number {
  switch (name) {
    case 'tendencia_de_uso':
      return retrato.comportamento.tendencia ?? Number.NaN;
    case 'maquinas':
    case 'maquinas_silenciosas':
    case 'dias_de_silencio':
    case 'faturas_vencidas':
    case 'dias_de_atraso':
    case 'versoes_atras':
    case 'recusas':
      return retrato.comportamento[name];
    default:
      return retrato[name];
  }
}

export function isCaracteristica(name: string): name is Caracteristica {
  return caracteristicasProprias.some((known) => known === name);
}

/** What a column says of a customer, in words. */
export function describe(retrato: Retrato, name: Caracteristica): string {
  const value = columnValue(retrato, name);
  if (Number.isNaN(value)) return `sem informação sobre ${labels[name]}`;
  switch (name) {
    case 'tempo_meses':
      return `cliente há ${count(value, 'mês', 'meses')}`;
    case 'contrato_meses':
      return `períodos de ${count(value, 'mês', 'meses')}`;
    case 'preco_relativo':
      return `paga ${decimal(value)} vezes o preço mediano`;
    case 'pagamento_automatico':
      return value === 1 ? 'renovação automática' : 'renovação manual';
    case 'extras':
      return value === 0 ? 'nenhum recurso extra' : count(value, 'recurso extra', 'recursos extras');
    case 'maquinas':
      return count(value, 'máquina', 'máquinas');
    case 'maquinas_silenciosas':
      return `${count(value, 'máquina', 'máquinas')} sem sinal`;
    case 'dias_de_silencio':
      return value === 0 ? 'nenhum silêncio' : `silêncio de ${count(value, 'dia', 'dias')}`;
    case 'faturas_vencidas':
      return count(value, 'fatura vencida', 'faturas vencidas');
    case 'dias_de_atraso':
      return value === 0 ? 'nenhum atraso' : `atraso de ${count(value, 'dia', 'dias')}`;
    case 'tendencia_de_uso':
      return `uso de ${Math.round(value * 100)} % do que era nas três semanas anteriores`;
    case 'versoes_atras':
      return `${count(value, 'versão', 'versões')} atrás`;
    case 'recusas':
      return `${count(value, 'validação recusada', 'validações recusadas')} em 30 dias`;
  }
}

const labels: Readonly<Record<Caracteristica, string>> = {
  tempo_meses: 'o tempo de casa',
  contrato_meses: 'o período do contrato',
  preco_relativo: 'o preço',
  pagamento_automatico: 'a forma de renovação',
  extras: 'os recursos',
  maquinas: 'as máquinas',
  maquinas_silenciosas: 'máquinas sem sinal',
  dias_de_silencio: 'silêncio',
  faturas_vencidas: 'faturas vencidas',
  dias_de_atraso: 'atrasos',
  tendencia_de_uso: 'a tendência de uso',
  versoes_atras: 'as versões',
  recusas: 'validações recusadas',
};

function count(value: number, one: string, many: string): string {
  return `${decimal(value)} ${value === 1 ? one : many}`;
}

/** Made once: to make one costs a hundred times what it does to use it. */
const oneDecimal = new Intl.NumberFormat('pt-BR', { maximumFractionDigits: 1 });

function decimal(value: number): string {
  return Number.isSafeInteger(value) && Math.abs(value) < 1_000 ? String(value) : oneDecimal.format(value);
}
