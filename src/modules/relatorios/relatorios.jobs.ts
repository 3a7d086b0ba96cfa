/** The reports that are made by schedule. */

import { systemActor } from '../../core/actor';
import { minuteMs } from '../../core/clock';
import type { Job } from '../../core/job';
import type { RelatorioTipo } from './relatorios.model';
import type { Relatorios } from './relatorios.service';

const actor = systemActor('relatorios');

/** Daily at eight; weekly on Mondays and monthly on the first, a few minutes after it. */
const agendas: Readonly<Record<RelatorioTipo, { agenda: string; descricao: string }>> = {
  diario: { agenda: '0 8 * * *', descricao: 'Faz e envia o relatório do último dia.' },
  semanal: { agenda: '5 8 * * 1', descricao: 'Faz e envia o relatório da última semana.' },
  mensal: { agenda: '10 8 1 * *', descricao: 'Faz e envia o relatório do último mês.' },
};

export function relatorioJob(relatorios: Relatorios, tipo: RelatorioTipo): Job {
  return {
    nome: `relatorio_${tipo}`,
    ...agendas[tipo],
    limiteMs: 30 * minuteMs,
    run: async () => {
      const { id, dados } = await relatorios.gerar(actor, tipo);
      return `${id}: ${dados.clientes.novos} clientes novos, ${dados.maquinas.online} máquinas online`;
    },
  };
}
