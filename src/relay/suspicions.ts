/** Suspicious acts become `seguranca.suspeita`, once a minute for each kind and source, so that an attack is no flood of events. */

import { systemActor } from '../core/actor';
import { type Clock, minuteMs } from '../core/clock';
import type { UnitOfWork } from '../storage/sqlite/unit-of-work';

const sourcesMax = 10_000;

export interface SuspiciousAct {
  motivo: string;
  maquinaId: string | null;
  ip: string | null;
  detalhe: string;
}

interface Dependencies {
  work: UnitOfWork;
  clock: Clock;
  onError(error: unknown): void;
}

export function createSuspicions({ work, clock, onError }: Dependencies) {
  const reportedAt = new Map<string, number>();

  return {
    /** Records the act, unless the same was recorded within the last minute. */
    report(act: SuspiciousAct): void {
      const now = clock.now();
      const source = `${act.motivo} ${act.maquinaId} ${act.ip}`;
      if (now - (reportedAt.get(source) ?? Number.NEGATIVE_INFINITY) < minuteMs) return;
      if (reportedAt.size >= sourcesMax) reportedAt.clear();
      reportedAt.set(source, now);
      const entidadeId = act.maquinaId ?? act.ip ?? 'desconhecido';
      const dados = {
        motivo: act.motivo,
        detalhe: act.detalhe,
        ip: act.ip,
        ...(act.maquinaId ? { maquina_id: act.maquinaId } : {}),
      };
      work
        .write({ ...systemActor('seguranca'), ip: act.ip }, (tx) =>
          tx.record({
            acao: 'suspeita',
            entidade: 'seguranca',
            entidadeId,
            antes: null,
            depois: dados,
            eventos: [{ tipo: 'seguranca.suspeita', entidade: 'seguranca', entidadeId, dados }],
          }),
        )
        .catch(onError);
    },
  };
}
