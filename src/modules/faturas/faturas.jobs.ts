/** What billing has to do by schedule. */

import { hourMs } from '../../core/clock';
import type { Job } from '../../core/job';
import type { Cobranca } from './faturas.service';

/**
 * The same work as the calendar's, which does it at the moment it falls due: here it is done in full whatever the calendar
 * was kept from doing.
 */
export function renovarAssinaturas(cobrar: () => Promise<Cobranca>): Job {
  return {
    nome: 'renovar_assinaturas',
    descricao: 'Renova e fatura assinaturas, bloqueia as inadimplentes e lembra das faturas pendentes.',
    agenda: '0 */6 * * *',
    limiteMs: hourMs,
    run: async () => {
      const { renovadas, vencidas, lembradas } = await cobrar();
      return `${renovadas} renovadas, ${vencidas} faturas vencidas, ${lembradas} pendências avisadas`;
    },
  };
}
