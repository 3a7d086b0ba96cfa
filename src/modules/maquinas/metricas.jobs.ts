/** What metrics have to do by schedule. */

import { minuteMs } from '../../core/clock';
import type { Job } from '../../core/job';
import type { Metricas } from './metricas.service';

/** A few minutes into the hour, so that most of what machines still had to say of the one before has come. */
export function compactarMetricas(metricas: Metricas): Job {
  return {
    nome: 'compactar_metricas',
    descricao: 'Resume os heartbeats por minuto e por hora e apaga o que passou do prazo de guarda.',
    agenda: '7 * * * *',
    limiteMs: 50 * minuteMs,
    run: async ({ now, signal }) => {
      const { hoursRolled, removed, machinesForgotten, longestSliceMs, complete } = await metricas.compactar(
        now,
        signal,
      );
      const done = [
        `${hoursRolled} horas de máquina resumidas`,
        `${removed} registros apagados`,
        `${machinesForgotten} máquinas excluídas`,
        `maior fatia ${Math.ceil(longestSliceMs)} ms`,
      ].join(', ');
      return complete ? done : `interrompida: ${done}`;
    },
  };
}
