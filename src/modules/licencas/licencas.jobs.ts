/** What licences have to do by schedule. */

import { minuteMs } from '../../core/clock';
import type { Job } from '../../core/job';

/** @param avisar tells of ends that are near, each once. @returns how many it told of. */
export function licencasExpirando(avisar: () => Promise<number>): Job {
  return {
    nome: 'licencas_expirando',
    descricao: 'Avisa das licenças que terminam em 30, 7 e 1 dia.',
    agenda: '0 * * * *',
    limiteMs: 30 * minuteMs,
    run: async () => `${await avisar()} avisos`,
  };
}
