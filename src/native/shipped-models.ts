/** The models that come with the executable, from inside it. */

import { readFileSync } from 'node:fs';
import cardPath from '../../models/churn/1/card.md' with { type: 'file' };
import manifest from '../../models/churn/1/manifest.json' with { type: 'json' };
import modelPath from '../../models/churn/1/model.onnx' with { type: 'file' };

/** The cold-start churn model, its card and what is known of it. */
export function shippedChurnModel() {
  return { arquivo: new Uint8Array(readFileSync(modelPath)), cartao: readFileSync(cardPath, 'utf8'), manifest };
}
