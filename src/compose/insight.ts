/** Predictions: the models, who may leave, training on what has been, and what they count. */

import { createChurn } from '../modules/ml/churn.service';
import { createModelos } from '../modules/ml/modelos.service';
import { createRecusas } from '../modules/ml/recusas.service';
import { createTreino } from '../modules/ml/treino.service';
import { shippedChurnModel } from '../native/shipped-models';
import type { Adapters } from './adapters';

export function createInsight({ work, clock, ids, series, onError }: Adapters) {
  const modelos = createModelos({ work, ids, shipped: shippedChurnModel, onError: onError('modelos') });
  const churn = createChurn({ work, clock, modelos, series });
  const treino = createTreino({ work, clock, modelos, activity: churn.activity });
  const recusas = createRecusas({ work, clock, onError: onError('recusas') });
  return { modelos, churn, treino, recusas };
}
