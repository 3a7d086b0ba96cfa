/** What predictions have to do by schedule. */

import { systemActor } from '../../core/actor';
import { hourMs } from '../../core/clock';
import type { Job } from '../../core/job';
import type { ChurnService } from './churn.service';

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
