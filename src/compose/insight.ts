/** Predictions: the models, who may leave, training on what has been, and what they count. */

import type { SeriesStore } from '../modules/maquinas/series.store';
import { createAnomalias } from '../modules/ml/anomalias.service';
import { createChurn } from '../modules/ml/churn.service';
import { createModelos } from '../modules/ml/modelos.service';
import { createRecusas } from '../modules/ml/recusas.service';
import { createRelogios } from '../modules/ml/relogios.service';
import { createSuspeitas } from '../modules/ml/suspeitas.service';
import { createTreino } from '../modules/ml/treino.service';
import { shippedChurnModel } from '../native/shipped-models';
import { createAnomalyStreams } from '../storage/lmdb/anomaly-streams';
import type { Adapters } from './adapters';

export function createInsight({ settings, work, clock, ids, series, lmdb, onError }: Adapters) {
  const modelos = createModelos({ work, ids, shipped: shippedChurnModel, onError: onError('modelos') });
  const churn = createChurn({ work, clock, modelos, series });
  const treino = createTreino({ work, clock, modelos, activity: churn.activity });
  const recusas = createRecusas({ work, clock, onError: onError('recusas') });
  const anomalias = createAnomalias({
    work,
    clock,
    ids,
    streams: createAnomalyStreams(lmdb),
    onError: onError('anomalias'),
  });
  const relogios = createRelogios({ clock });
  const suspeitas = createSuspeitas({ work, clock, ids, relogios, porSemana: settings.falsosAlarmesPorSemana });
  return {
    modelos,
    churn,
    treino,
    recusas,
    anomalias,
    relogios,
    suspeitas,
    /** Starts what counts and watches. */
    start(): void {
      recusas.start();
      anomalias.start();
    },
    async stop(): Promise<void> {
      await recusas.stop();
      await anomalias.stop();
    },
  };
}

/** The heartbeats of every machine, looked at once they are stored. */
export function watchedSeries(
  series: SeriesStore,
  { heard, forget }: Pick<ReturnType<typeof createAnomalias>, 'heard' | 'forget'>,
): SeriesStore {
  return {
    ...series,
    append: async (maquinaId, points, receivedAt) => {
      await series.append(maquinaId, points, receivedAt);
      heard(maquinaId, points);
    },
    forget: async (maquinaId) => {
      await series.forget(maquinaId);
      await forget(maquinaId);
    },
  };
}
