/** The front page: how things stand now, how they went, and what to offer to whom. */

import { DateTime } from 'luxon';
import { type Actor, authorize } from '../../core/actor';
import { type Clock, dayMs, hourMs, minuteMs, secondMs } from '../../core/clock';
import type { Page, PageRequest } from '../../core/page';
import type { UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { countByStatus } from '../maquinas/frota.store';
import { allPlanos } from '../planos/planos.store';
import {
  countActions,
  countAlertasAbertos,
  countChurn,
  countClientes,
  countExpiring,
  countLicencas,
  countRecusas,
  licencasApertadas,
  type Receita,
  sumReceita,
} from './painel.store';
import { type Sugestao, suggestUpgrade } from './upgrade.model';

/** Counting a million licences takes a moment: whoever asks within this time gets the same figures. */
const figuresKeptMs = 5 * secondMs;
const expiringMs = 30 * dayMs;
const refusalsMs = 30 * dayMs;

export const periodosDeUso = ['1h', '24h', '7d', '30d', '1a'] as const;
export type PeriodoDeUso = (typeof periodosDeUso)[number];

const usage: Readonly<Record<PeriodoDeUso, { lengthMs: number; stepMs: number }>> = {
  '1h': { lengthMs: hourMs, stepMs: 5 * minuteMs },
  '24h': { lengthMs: dayMs, stepMs: hourMs },
  '7d': { lengthMs: 7 * dayMs, stepMs: 6 * hourMs },
  '30d': { lengthMs: 30 * dayMs, stepMs: dayMs },
  '1a': { lengthMs: 365 * dayMs, stepMs: 7 * dayMs },
};

export interface Resumo {
  clientes: { total: number; ativos: number; bloqueados: number; cancelados: number };
  licencas: {
    total: number;
    ativas: number;
    pendentes: number;
    bloqueadas: number;
    expiradas: number;
    canceladas: number;
  };
  maquinas: {
    total: number;
    online: number;
    offline: number;
    bloqueadas: number;
    nunca_vistas: number;
    perdidas: number;
  };
  online_agora: number;
  expirando_30_dias: number;
  receita: Receita;
  alertas: { abertos: number; criticos: number };
  risco: { baixo: number; medio: number; alto: number; critico: number };
  calculado_em: number;
}

export interface Uso {
  de: number;
  ate: number;
  passo_ms: number;
  /** Each `[start of the step, how many]`, epoch milliseconds; steps without any are there too. */
  series: Record<(typeof usageSeries)[number]['nome'], [number, number][]>;
  /** What licences were refused, by day: `[start of the day, how many]`. */
  recusas: [number, number][];
}

const usageSeries = [
  { nome: 'clientes_novos', acao: 'criar', entidade: 'cliente' },
  { nome: 'licencas_novas', acao: 'criar', entidade: 'licenca' },
  { nome: 'ativacoes', acao: 'ativar', entidade: 'maquina' },
  { nome: 'renovacoes', acao: 'renovar', entidade: 'licenca' },
  { nome: 'bloqueios', acao: 'bloquear', entidade: 'maquina' },
  { nome: 'cancelamentos', acao: 'cancelar', entidade: 'cliente' },
  { nome: 'conexoes', acao: 'conectar', entidade: 'maquina' },
  { nome: 'quedas', acao: 'desconectar', entidade: 'maquina' },
] as const;

interface Dependencies {
  work: UnitOfWork;
  clock: Clock;
  timeZone: string;
}

export type Painel = ReturnType<typeof createPainel>;

export function createPainel({ work, clock, timeZone }: Dependencies) {
  const db = work.reader;
  let figures: { at: number; resumo: Promise<Resumo> } | null = null;

  async function count(now: number): Promise<Resumo> {
    const month = DateTime.fromMillis(now, { zone: timeZone }).startOf('month').toMillis();
    const clientes = await countClientes(db);
    const licencas = await countLicencas(db, now);
    const maquinas = await countByStatus(db, {}, now);
    const alertas = await countAlertasAbertos(db);
    const churn = await countChurn(db);
    return {
      clientes: {
        total: total(clientes),
        ativos: clientes.get('ativo') ?? 0,
        bloqueados: clientes.get('bloqueado') ?? 0,
        cancelados: clientes.get('cancelado') ?? 0,
      },
      licencas: {
        total: total(licencas),
        ativas: licencas.get('ativa') ?? 0,
        pendentes: licencas.get('pendente') ?? 0,
        bloqueadas: licencas.get('bloqueada') ?? 0,
        expiradas: licencas.get('expirada') ?? 0,
        canceladas: licencas.get('cancelada') ?? 0,
      },
      maquinas: {
        total: total(maquinas),
        online: maquinas.get('online') ?? 0,
        offline: maquinas.get('offline') ?? 0,
        bloqueadas: maquinas.get('bloqueada') ?? 0,
        nunca_vistas: maquinas.get('nunca_vista') ?? 0,
        perdidas: maquinas.get('perdida') ?? 0,
      },
      online_agora: maquinas.get('online') ?? 0,
      expirando_30_dias: await countExpiring(db, now, now + expiringMs),
      receita: await sumReceita(db, now, month),
      alertas: { abertos: total(alertas), criticos: alertas.get('critico') ?? 0 },
      risco: {
        baixo: churn.get('baixo') ?? 0,
        medio: churn.get('medio') ?? 0,
        alto: churn.get('alto') ?? 0,
        critico: churn.get('critico') ?? 0,
      },
      calculado_em: now,
    };
  }

  return {
    /** How things stand, at most five seconds ago. */
    async resumo(actor: Actor): Promise<Resumo> {
      authorize(actor, 'painel:ler');
      const now = clock.now();
      if (figures && now >= figures.at && now - figures.at < figuresKeptMs) return figures.resumo;
      const resumo = count(now);
      figures = { at: now, resumo };
      resumo.catch(() => {
        if (figures?.resumo === resumo) figures = null;
      });
      return resumo;
    },

    /** What was done over a period, in steps that begin at multiples of their width. */
    async uso(actor: Actor, periodo: PeriodoDeUso): Promise<Uso> {
      authorize(actor, 'painel:ler');
      const { lengthMs, stepMs } = usage[periodo];
      const ate = clock.now();
      const de = Math.floor((ate - lengthMs) / stepMs) * stepMs;
      const acoes = [...new Set(usageSeries.map(({ acao }) => acao))];
      const done = await countActions(db, acoes, de, stepMs);
      const recusas = await countRecusas(db, Math.floor(de / dayMs) * dayMs);
      const steps = (found: readonly { em: number; total: number }[]): [number, number][] => {
        const sums = new Map<number, number>();
        for (let at = de; at <= ate; at += stepMs) sums.set(at, 0);
        for (const { em, total: many } of found) {
          const at = Math.floor(em / stepMs) * stepMs;
          sums.set(at, (sums.get(at) ?? 0) + many);
        }
        return [...sums].sort(([a], [b]) => a - b);
      };
      const series = Object.fromEntries(
        usageSeries.map(({ nome, acao, entidade }) => [
          nome,
          steps(done.filter((one) => one.acao === acao && one.entidade === entidade)),
        ]),
      ) as Uso['series'];
      return { de, ate, passo_ms: stepMs, series, recusas: recusas.map(({ em, total: many }) => [em, many]) };
    },

    /** Whom to offer a larger plan, by the age of the licence; a page may hold fewer than asked for. */
    async sugestoesUpgrade(actor: Actor, page: PageRequest): Promise<Page<Sugestao>> {
      authorize(actor, 'painel:ler');
      const now = clock.now();
      const planos = await allPlanos(db);
      const { itens, ...rest } = await licencasApertadas(db, page, now - refusalsMs, now);
      return { itens: itens.flatMap((licenca) => suggestUpgrade(licenca, planos) ?? []), ...rest };
    },
  };
}

function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, many) => sum + many, 0);
}
