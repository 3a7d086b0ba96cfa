/**
 * Proves the trainer on the public IBM Telco data and trains the cold-start model: `bun scripts/train/churn.ts CSV [OUT]`.
 * Stratified 5-fold cross-validation, seeded; with OUT, the cold-start model is trained on all rows and written there as
 * model.onnx, manifest.json and card.md.
 */

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { auc, brier, type CalibrationRow, calibration } from '../../src/modules/ml/acerto.model';
import { scores, sigmoid, toRows } from '../../src/modules/ml/arvores.model';
import { boostingDefaults, trainBoosting } from '../../src/modules/ml/boosting.model';
import { caracteristicasIniciais } from '../../src/modules/ml/caracteristicas.model';
import { toOnnx } from '../../src/modules/ml/onnx.model';
import { card } from './card';

type Customer = Record<string, string>;
interface Column {
  name: string;
  value(customer: Customer): number;
}

const foldCount = 5;
const calibrationGroups = 10;
const [csv, out] = process.argv.slice(2);
if (!csv) {
  console.error('usage: bun scripts/train/churn.ts telco_ibm.csv [models/churn/1]');
  process.exit(2);
}
const bytes = readFileSync(csv);
const customers: Customer[] = parse(bytes, { columns: true });
const labels = customers.map(({ Churn }) => (Churn === 'Yes' ? 1 : 0));

const extras = ['OnlineSecurity', 'OnlineBackup', 'DeviceProtection', 'TechSupport', 'StreamingTV', 'StreamingMovies'];
const contractMonths: Record<string, number> = { 'Month-to-month': 1, 'One year': 12, 'Two year': 24 };
const prices = customers.map(({ MonthlyCharges }) => Number(MonthlyCharges)).sort((a, b) => a - b);
const medianPrice = prices[Math.floor(prices.length / 2)] ?? 1;

const coldStart: Column[] = [
  (customer: Customer) => Number(customer.tenure),
  (customer: Customer) => contractMonths[customer.Contract ?? ''] ?? Number.NaN,
  (customer: Customer) => Number(customer.MonthlyCharges) / medianPrice,
  (customer: Customer) => (customer.PaymentMethod?.includes('automatic') ? 1 : 0),
  (customer: Customer) => extras.filter((extra) => customer[extra] === 'Yes').length,
].map((value, index) => ({ name: caracteristicasIniciais[index] ?? '', value }));

const measured = validate('every column', everyColumn());
const cold = validate('cold start', coldStart);
if (out) writeModel(out);

/** Numbers as they are, words as one column for each. */
function everyColumn(): Column[] {
  const numeric = new Set(['tenure', 'MonthlyCharges', 'TotalCharges', 'SeniorCitizen']);
  const names = Object.keys(customers[0] ?? {}).filter((name) => name !== 'customerID' && name !== 'Churn');
  return names.flatMap((name): Column[] => {
    if (numeric.has(name)) {
      return [{ name, value: (customer) => Number(customer[name]?.trim() || Number.NaN) }];
    }
    const words = [...new Set(customers.map((customer) => customer[name] ?? ''))].sort();
    return words.map((word) => ({ name: `${name}=${word}`, value: (customer) => (customer[name] === word ? 1 : 0) }));
  });
}

interface Validation {
  auc: number;
  brier: number;
  calibracao: CalibrationRow[];
}

function validate(name: string, columns: Column[]): Validation {
  const fold = folds();
  const predicted = new Float64Array(customers.length);
  const perFold: { auc: number; brier: number }[] = [];
  for (let held = 0; held < foldCount; held += 1) {
    const training = indices((index) => fold[index] !== held);
    const test = indices((index) => fold[index] === held);
    const model = trainBoosting(
      columns.map((column) => column.name),
      rowsOf(columns, training),
      training.map((index) => labels[index] ?? 0),
    );
    const probabilities = scores(model, rowsOf(columns, test)).map(sigmoid);
    for (const [at, index] of test.entries()) predicted[index] = probabilities[at] ?? 0;
    const truth = test.map((index) => labels[index] ?? 0);
    perFold.push({ auc: auc(probabilities, truth), brier: brier(probabilities, truth) });
  }
  const mean = (of: 'auc' | 'brier'): number => perFold.reduce((sum, one) => sum + one[of], 0) / foldCount;
  const result = {
    auc: mean('auc'),
    brier: mean('brier'),
    calibracao: calibration(predicted, labels, calibrationGroups),
  };
  console.log(`${name}: ${columns.length} columns, AUC ${result.auc.toFixed(4)}, Brier ${result.brier.toFixed(4)}`);
  for (const { linhas, prevista, observada } of result.calibracao) {
    console.log(
      `  ${String(linhas).padStart(5)} rows  predicted ${prevista.toFixed(3)}  observed ${observada.toFixed(3)}`,
    );
  }
  return result;
}

function indices(wanted: (index: number) => boolean): number[] {
  return customers.flatMap((_, index) => (wanted(index) ? [index] : []));
}

function rowsOf(columns: Column[], members: number[]) {
  const table = members.map((index) => columns.map(({ value }) => value(customers[index] ?? {})));
  return toRows(table, columns.length);
}

/** The fold of each customer: both outcomes are dealt in turn, in the order of a hash of the customer's number. */
function folds(): number[] {
  const result = new Array<number>(customers.length).fill(0);
  const order = (index: number): string =>
    createHash('sha256')
      .update(customers[index]?.customerID ?? '')
      .digest('hex');
  for (const label of [0, 1]) {
    const members = indices((index) => labels[index] === label).sort((a, b) => (order(a) < order(b) ? -1 : 1));
    for (const [at, index] of members.entries()) result[index] = at % foldCount;
  }
  return result;
}

function writeModel(folder: string): void {
  const model = trainBoosting(
    [...caracteristicasIniciais],
    rowsOf(
      coldStart,
      indices(() => true),
    ),
    labels,
  );
  const file = toOnnx(model, 'narcidicontrol scripts/train/churn.ts');
  const manifest = {
    nome: 'churn',
    versao: '1',
    origem: 'IBM Telco Customer Churn, Apache-2.0',
    dados_sha256: createHash('sha256').update(bytes).digest('hex'),
    sha256: createHash('sha256').update(file).digest('hex'),
    linhas: customers.length,
    caracteristicas: model.features,
    parametros: boostingDefaults,
    validacao: { metodo: '5-fold estratificada', auc: cold.auc, brier: cold.brier, calibracao: cold.calibracao },
  };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'model.onnx'), file);
  writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  writeFileSync(join(folder, 'card.md'), card(manifest, measured));
  console.log(`${folder}: ${file.length} bytes`);
}
