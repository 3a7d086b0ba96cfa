/** A report: what happened in a period and how things stand at its end. Pure: its period, its sections in words. */

import { DateTime } from 'luxon';

export const relatorioTipos = ['diario', 'semanal', 'mensal'] as const;
export type RelatorioTipo = (typeof relatorioTipos)[number];

interface Pessoa {
  id: string;
  nome: string;
  em: string;
}

export interface RelatorioDados {
  clientes: { total: number; ativos: number; bloqueados: number; novos: number; perdidos: number };
  clientes_novos: Pessoa[];
  clientes_perdidos: Pessoa[];
  licencas: { total: number; ativas: number; criadas: number; expirando_30_dias: number; expiradas: number };
  licencas_expirando: { id: string; chave_prefixo: string; cliente: string; expira_em: string }[];
  receita: {
    recorrente_mensal_centavos: number;
    recebido_centavos: number;
    a_receber_centavos: number;
    vencido_centavos: number;
    /** What subscriptions that ended in the period brought in a month. */
    perdido_mensal_centavos: number;
  };
  maquinas: {
    total: number;
    online: number;
    offline: number;
    bloqueadas: number;
    nunca_vistas: number;
    quedas: number;
    /** Of the period; absent in reports of earlier releases. */
    disponibilidade_pct?: number | null;
  };
  /** Those that were there least in the period; absent in reports of earlier releases. */
  maquinas_ausentes?: { id: string; nome: string; cliente: string; disponibilidade_pct: number }[];
  versoes: { versao: string; maquinas: number }[];
  seguranca: { suspeitas: number; logins_falhos: number };
  risco: { baixo: number; medio: number; alto: number; critico: number };
  risco_clientes: { id: string; nome: string; probabilidade: number; classe: string }[];
}

export interface Relatorio {
  id: string;
  tipo: RelatorioTipo;
  /** Epoch milliseconds; the beginning belongs to the period, the end does not. */
  periodo_inicio: number;
  periodo_fim: number;
  dados: RelatorioDados;
  criado_em: number;
}

/** The day, week or month that ends now, by the calendar of the time zone. */
export function periodEnding(tipo: RelatorioTipo, now: number, timeZone: string): { inicio: number; fim: number } {
  const length = { diario: { days: 1 }, semanal: { weeks: 1 }, mensal: { months: 1 } }[tipo];
  return { inicio: DateTime.fromMillis(now, { zone: timeZone }).minus(length).toMillis(), fim: now };
}

/** A part of a report as every format shows it. */
export interface Secao {
  titulo: string;
  linhas: { rotulo: string; valor: string }[];
  /** Bars of whole numbers. */
  grafico: { rotulo: string; valor: number }[];
  tabela: { colunas: string[]; linhas: string[][] } | null;
}

export interface Formatos {
  numero(value: number): string;
  dinheiro(centavos: number): string;
  porcento(share: number): string;
  data(epochMs: number): string;
  momento(epochMs: number): string;
}

/** How numbers, money and moments are written in Brazil. */
export function formatosBrasil(timeZone: string): Formatos {
  const numero = new Intl.NumberFormat('pt-BR');
  const dinheiro = new Intl.NumberFormat('pt-BR', { style: 'currency', currency: 'BRL' });
  const porcento = new Intl.NumberFormat('pt-BR', { style: 'percent', maximumFractionDigits: 1 });
  const data = new Intl.DateTimeFormat('pt-BR', { dateStyle: 'short', timeZone });
  const momento = new Intl.DateTimeFormat('pt-BR', { dateStyle: 'short', timeStyle: 'short', timeZone });
  return {
    numero: (value) => numero.format(value),
    // Intl puts a space that does not break there, which some readers of CSV and PDF show as a box.
    dinheiro: (centavos) => dinheiro.format(centavos / 100).replaceAll('\u00a0', ' '),
    porcento: (share) => porcento.format(share),
    data: (epochMs) => data.format(epochMs),
    momento: (epochMs) => momento.format(epochMs).replace(',', ''),
  };
}

export function tituloOf({ tipo, periodo_inicio, periodo_fim }: Relatorio, formatos: Formatos): string {
  const nome = { diario: 'Relatório diário', semanal: 'Relatório semanal', mensal: 'Relatório mensal' }[tipo];
  return `${nome}: ${formatos.momento(periodo_inicio)} a ${formatos.momento(periodo_fim)}`;
}
