/**
 * Runs the detector that runs in production over a folder of the Numenta Anomaly Benchmark and writes its scores as the
 * benchmark's scorer reads them: `bun scripts/train/nab.ts FOLDER OUT`.
 *
 * FOLDER/data/<category>/<file>.csv (timestamp,value) becomes OUT/<category>/<file>.csv.json, an array with one score a row.
 * Each file is one stream, read from its beginning, with the configuration that every stream has.
 */

import { createReadStream, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Glob } from 'bun';
import { parse } from 'csv-parse';
import { anomalyScore, newStream } from '../../src/modules/ml/anomalia.model';

const [folder, out] = process.argv.slice(2);
if (!folder || !out) {
  console.error('usage: bun scripts/train/nab.ts FOLDER OUT');
  process.exit(2);
}

let files = 0;
let values = 0;
const began = performance.now();
for (const file of [...new Glob('**/*.csv').scanSync(join(folder, 'data'))].sort()) {
  const stream = newStream();
  const scores: number[] = [];
  const rows = createReadStream(join(folder, 'data', file)).pipe(parse({ columns: true, trim: true }));
  for await (const row of rows as AsyncIterable<{ value: string }>) {
    scores.push(anomalyScore(stream, Number(row.value)));
  }
  const path = join(out, `${file}.json`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(scores));
  files += 1;
  values += scores.length;
}
console.log(`${files} files, ${values} values, ${(performance.now() - began).toFixed(0)} ms`);
