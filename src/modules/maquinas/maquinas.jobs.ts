/** What machines have to do by schedule. */

import { minuteMs } from '../../core/clock';
import type { Job } from '../../core/job';
import type { Comandos } from './comandos.service';
import type { Presenca } from './presenca.service';

/** Presence looks every second itself; here it looks once more, gives up the long silent and says how many are there. */
export function maquinasOffline(presenca: Pick<Presenca, 'verificar'>): Job {
  return {
    nome: 'maquinas_offline',
    descricao: 'Marca como offline as máquinas que perderam três heartbeats e dá por perdidas as caladas há 30 dias.',
    agenda: '*/5 * * * *',
    limiteMs: 4 * minuteMs,
    run: ({ signal }) => presenca.verificar({ signal }),
  };
}

/** Whose time has run out shows at once; here it is written down, and what ended long ago is forgotten. */
export function comandosVencidos(comandos: Pick<Comandos, 'arrumar'>): Job {
  return {
    nome: 'comandos_vencidos',
    descricao: 'Registra os comandos que venceram sem resposta e apaga os concluídos há mais de 90 dias.',
    agenda: '17 * * * *',
    limiteMs: 10 * minuteMs,
    run: ({ signal }) => comandos.arrumar({ signal }),
  };
}
