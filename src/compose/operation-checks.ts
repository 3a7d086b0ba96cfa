/** What `/readyz` looks at beside the stores: room on the disk, events that are told in time, jobs that run. */

import { statfs } from 'node:fs/promises';
import { hourMs, minuteMs } from '../core/clock';
import type { HealthCheck } from '../transport/http/system.routes';
import type { Adapters } from './adapters';
import type { Events } from './events';
import type { Jobs } from './jobs';

const freeBytesMin = 64 * 1024 ** 2;
const eventLagMsMax = hourMs;
const jobLateMsMax = 5 * minuteMs;

export function operationChecks({ folder, clock }: Adapters, { relay }: Events, { execucoes }: Jobs): HealthCheck[] {
  return [
    {
      nome: 'disco',
      check: async () => {
        const { bavail, bsize } = await statfs(folder.path);
        if (bavail * bsize < freeBytesMin) throw new Error(`restam ${Math.floor((bavail * bsize) / 1024 ** 2)} MiB`);
      },
    },
    {
      nome: 'eventos',
      check: async () => {
        const late = (await relay.stats()).find(({ atraso_ms }) => atraso_ms > eventLagMsMax);
        if (late) throw new Error(`${late.consumidor} está ${Math.round(late.atraso_ms / minuteMs)} minutos atrasado`);
      },
    },
    {
      nome: 'tarefas',
      check: () => {
        const { tarefas } = execucoes.stats();
        const late = tarefas.find(
          ({ nome, ativa, proxima_em }) =>
            ativa && !execucoes.isRunning(nome) && clock.now() - proxima_em > jobLateMsMax,
        );
        if (late) throw new Error(`${late.nome} não começou à sua hora`);
      },
    },
  ];
}
