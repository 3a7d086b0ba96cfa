/** What a machine's page shows: its series and how much of the time it was there. */

import { type Actor, authorize } from '../../core/actor';
import type { Clock } from '../../core/clock';
import type { UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { availability, type MachineSeries, type Periodo, periodMs, toSeries } from './dashboard.model';
import { clockAheadMsMax } from './heartbeat.model';
import type { MaquinaComLicenca } from './maquinas.model';
import { getMaquina } from './maquinas.store';
import type { HeartbeatPoint, SeriesStore } from './series.store';

interface Dependencies {
  work: UnitOfWork;
  series: SeriesStore;
  clock: Clock;
  heartbeatIntervalMs: number;
}

export type PainelMaquina = ReturnType<typeof createPainelMaquina>;

export interface MachineDashboard {
  found: MaquinaComLicenca;
  disponibilidade: number | null;
  series: MachineSeries;
}

export function createPainelMaquina({ work, series, clock, heartbeatIntervalMs }: Dependencies) {
  return {
    async dashboard(actor: Actor, id: string, periodo: Periodo): Promise<MachineDashboard> {
      authorize(actor, 'maquinas:ler');
      const found = await getMaquina(work.reader, id);
      const now = clock.now();
      const from = now - periodMs[periodo];
      // Heartbeats up to five minutes ahead are accepted, so they are shown too.
      const until = now + clockAheadMsMax;
      const since = Math.max(from, found.maquina.criado_em);
      return {
        found,
        series: toSeries(series.range(id, from, until), periodo),
        disponibilidade: availability(series.range(id, since, now), since, now, heartbeatIntervalMs),
      };
    },

    /** The stored heartbeats of a range, oldest first, one after another. */
    async heartbeats(actor: Actor, id: string, fromMs: number, toMs: number): Promise<Iterable<HeartbeatPoint>> {
      authorize(actor, 'maquinas:ler');
      await getMaquina(work.reader, id);
      return series.range(id, fromMs, toMs);
    },
  };
}
