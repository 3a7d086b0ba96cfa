/**
 * Predictions as ratios: scoring with explanations against the bare batch of onnxruntime, and the step of the anomaly
 * detector, by itself and in the storing of heartbeats. `bun scripts/bench/insight.ts`.
 */

import { anomalyScore, newStream, type StreamState } from '../../src/modules/ml/anomalia.model';
import type { Retrato } from '../../src/modules/ml/caracteristicas.model';
import { loadModel } from '../../src/modules/ml/inferencia.service';
import { explainAll, rowsOf } from '../../src/modules/ml/pontuacao.model';
import { shippedChurnModel } from '../../src/native/shipped-models';
import { ingest } from './ingest';
import { limitRow, printTable } from './table';

const customers = 100_000;
const perBatch = 500;
const machines = 1_000;
const heartbeats = 600;
const mebibyte = 1024 ** 2;

const retratos: Retrato[] = Array.from({ length: customers }, (_, index) => ({
  tempo_meses: (index * 7) % 72,
  contrato_meses: [1, 3, 12][index % 3] ?? 1,
  preco_relativo: ((index * 13) % 300) / 100,
  pagamento_automatico: index % 2,
  extras: index % 6,
  comportamento: {
    maquinas: 1 + (index % 9),
    maquinas_silenciosas: index % 4 === 0 ? 1 : 0,
    dias_de_silencio: index % 30,
    faturas_vencidas: index % 11 === 0 ? 1 : 0,
    dias_de_atraso: index % 40,
    tendencia: 0.5 + (index % 10) / 10,
    versoes_atras: index % 5,
    recusas: index % 7,
  },
}));

const before = process.memoryUsage.rss();
const model = await loadModel(shippedChurnModel().arquivo);
const rows = rowsOf(model.ensemble.features, retratos);
await model.probabilities(rowsOf(model.ensemble.features, retratos.slice(0, perBatch)));

let began = performance.now();
await model.probabilities(rows);
const bareMs = performance.now() - began;

began = performance.now();
let factors = 0;
for (let from = 0; from < customers; from += perBatch) {
  const some = retratos.slice(from, from + perBatch);
  const batch = rowsOf(model.ensemble.features, some);
  const explained = explainAll(model.ensemble, model.explainer, some, batch, await model.probabilities(batch));
  for (const { fatores } of explained) factors += fatores.length;
}
const explainedMs = performance.now() - began;
await model.release();
Bun.gc(true);
const inferenceBytes = process.memoryUsage.rss() - before;

const streams: StreamState[] = Array.from({ length: machines * 3 }, newStream);
began = performance.now();
for (let beat = 0; beat < heartbeats; beat += 1) {
  for (const [index, stream] of streams.entries()) anomalyScore(stream, 30 + ((beat * 7 + index * 3) % 23));
}
const stepUs = ((performance.now() - began) * 1000) / (heartbeats * machines);

const times = explainedMs / bareMs;
printTable([
  {
    metric: `${customers.toLocaleString('en')} customers scored and explained, ${factors.toLocaleString('en')} factors`,
    reference: `onnxruntime, bare batch ${bareMs.toFixed(0)} ms`,
    measured: `${explainedMs.toFixed(0)} ms`,
    ratio: times.toFixed(1),
    target: '≤ 10',
    ok: times <= 10,
  },
  limitRow('memory that scoring took', inferenceBytes / mebibyte, 'MB', 80),
  limitRow('anomaly step of a heartbeat, three metrics', stepUs, 'µs', 10),
  await ingest(),
]);
