/** What backups have to do by schedule. */

import { systemActor } from '../../core/actor';
import { hourMs, minuteMs } from '../../core/clock';
import type { Job } from '../../core/job';
import type { Backups } from './backups.service';

const limiteMs = 4 * hourMs;
const actor = systemActor('backup');

export function backup(backups: Backups): Job {
  return {
    nome: 'backup',
    descricao: 'Copia tudo para um arquivo só, confere-o e remove os que a retenção não guarda.',
    agenda: '0 2 * * *',
    limiteMs,
    run: async ({ signal }) => {
      const { arquivo, tamanho } = await backups.criar(actor, 'agenda', signal);
      return `${arquivo}, ${tamanho} bytes`;
    },
  };
}

export function simulacroRestauracao(backups: Backups): Job {
  return {
    nome: 'simulacro_restauracao',
    descricao: 'Restaura o backup mais novo numa pasta provisória e compara tudo com o manifesto.',
    agenda: '0 4 * * 0',
    limiteMs,
    run: async ({ signal }) => {
      const { arquivo, simulacro } = await backups.simular(actor, signal);
      if (!simulacro?.ok) throw new Error(`${arquivo}: ${simulacro?.detalhe}`);
      return `${arquivo}: ${simulacro.detalhe}`;
    },
  };
}

export function conferirBackups(backups: Backups): Job {
  return {
    nome: 'conferir_backups',
    descricao: 'Avisa quando o backup mais novo tem mais de dois dias, e conta os que foram feitos por comando.',
    agenda: '0 9 * * *',
    limiteMs: 5 * minuteMs,
    run: () => backups.conferir(actor),
  };
}
