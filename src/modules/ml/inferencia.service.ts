/** Runs a model through onnxruntime, on threads of its own. */

import type { InferenceSession } from 'onnxruntime-node';
import { forbidTelemetry } from '../../native/no-telemetry';
import { type Ensemble, type Rows, rowCount } from './arvores.model';
import { createExplainer, type Explainer } from './contribuicoes.model';

export interface LoadedModel {
  ensemble: Ensemble;
  explainer: Explainer;
  /** The probability of each row. */
  probabilities(rows: Rows): Promise<Float32Array>;
  release(): Promise<void>;
}

/**
 * Loads a model.
 * @throws RangeError for a file that is no model of this program; Error when onnxruntime refuses it.
 */
export async function loadModel(bytes: Uint8Array): Promise<LoadedModel> {
  // Loaded with the first model, as onnxruntime is: a start of the server runs none.
  const { fromOnnx } = await import('./onnx.model');
  const ensemble = fromOnnx(bytes);
  forbidTelemetry();
  const { InferenceSession: Session, Tensor } = await import('onnxruntime-node');
  const session: InferenceSession = await Session.create(bytes, { intraOpNumThreads: 1, enableCpuMemArena: false });
  return {
    ensemble,
    explainer: createExplainer(ensemble),
    async probabilities(rows) {
      const count = rowCount(rows);
      if (count === 0) return new Float32Array();
      const { probabilidade } = await session.run({ x: new Tensor('float32', rows.values, [count, rows.columns]) });
      const data = probabilidade?.data;
      if (!(data instanceof Float32Array) || data.length !== count) {
        throw new RangeError('the model does not answer one probability a row');
      }
      return data;
    },
    release: () => session.release(),
  };
}
