/** What events have to do by schedule. */

import { minuteMs } from '../../core/clock';
import type { Job } from '../../core/job';
import type { Retencao } from './retencao.service';

export function limparEventos(retencao: Retencao): Job {
  return {
    nome: 'limpar_eventos',
    descricao: 'Esquece os eventos e as entregas de mais de 7 dias; os últimos 10.000 eventos ficam.',
    agenda: '23 * * * *',
    limiteMs: 20 * minuteMs,
    run: async ({ now, signal }) => {
      const { eventos, entregas } = await retencao.limpar(now, signal);
      return `${eventos} eventos e ${entregas} entregas esquecidos`;
    },
  };
}
