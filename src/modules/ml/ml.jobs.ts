/** What predictions have to do by schedule. */

import { systemActor } from '../../core/actor';
import { dayMs, hourMs, minuteMs } from '../../core/clock';
import type { Job } from '../../core/job';
import type { ChurnService } from './churn.service';
import type { Suspeitas } from './suspeitas.service';

export function churnJob(churn: Pick<ChurnService, 'executar'>): Job {
  return {
    nome: 'churn',
    descricao: 'Calcula o risco de saída de cada cliente.',
    agenda: '0 3 * * *',
    limiteMs: 2 * hourMs,
    run: async ({ signal }) => {
      const { clientes, novos_em_risco, modelo } = await churn.executar(systemActor('churn'), signal);
      return `${clientes} clientes avaliados por ${modelo}, ${novos_em_risco} passaram a risco alto`;
    },
  };
}

/** As long as the coarsest metrics are kept, so are the marks in them. */
const anomaliesKeptMs = 730 * dayMs;

export function limparAnomalias(limpar: (beforeMs: number, signal: AbortSignal) => Promise<number>): Job {
  return {
    nome: 'limpar_anomalias',
    descricao: 'Apaga as anomalias de mais de dois anos.',
    agenda: '30 3 * * *',
    limiteMs: hourMs,
    run: async ({ now, signal }) => `${await limpar(now - anomaliesKeptMs, signal)} anomalias apagadas`,
  };
}

export function procurarSuspeitas(suspeitas: Pick<Suspeitas, 'procurar'>): Job {
  return {
    nome: 'procurar_suspeitas',
    descricao: 'Procura o que o acaso não explica: quedas em massa, chaves compartilhadas, acessos recusados.',
    agenda: '*/5 * * * *',
    limiteMs: 4 * minuteMs,
    run: async ({ now }) => `${await suspeitas.procurar(now)} suspeitas novas`,
  };
}
