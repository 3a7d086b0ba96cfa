/** What machines have to do by schedule. */

import { minuteMs } from '../../core/clock';
import type { Job } from '../../core/job';
import type { Presenca } from './presenca.service';

/** Presence looks every few seconds itself; here it looks once more and says how many are there. */
export function maquinasOffline(presenca: Pick<Presenca, 'sweep' | 'counts'>): Job {
  return {
    nome: 'maquinas_offline',
    descricao: 'Marca como offline as máquinas que perderam três heartbeats.',
    agenda: '*/5 * * * *',
    limiteMs: 4 * minuteMs,
    run: async () => {
      presenca.sweep();
      const { online, offline } = await presenca.counts();
      return `${online} online, ${offline} offline`;
    },
  };
}
