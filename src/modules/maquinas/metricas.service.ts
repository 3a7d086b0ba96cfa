/** Keeps the metrics at the size they are meant to have. */

import type { UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { existingMaquinas } from './maquinas.store';
import type { CompactionReport, SeriesStore } from './series.store';

export type Metricas = ReturnType<typeof createMetricas>;

export function createMetricas({ work, series }: { work: UnitOfWork; series: SeriesStore }) {
  return {
    /**
     * Rolls up the hours that have passed, and removes what is past its retention or of machines that are gone. May be
     * stopped at any moment; the next run takes up where it ended.
     */
    compactar(now: number, signal: AbortSignal): Promise<CompactionReport> {
      return series.compact({ now, signal, existing: (ids) => existingMaquinas(work.reader, ids) });
    },
  };
}
