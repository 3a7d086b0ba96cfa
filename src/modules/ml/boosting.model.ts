/**
 * Gradient-boosted trees for a yes-or-no outcome: second-order boosting of the logistic loss over histograms (Friedman 2001;
 * Chen and Guestrin 2016). Pure and seeded: the same rows and seed give the same ensemble.
 */

import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { type Ensemble, emptyTree, type Rows, rowCount, sigmoid, type Tree, treeValue } from './arvores.model';
import { type Binned, toBins } from './faixas.model';

export interface BoostingOptions {
  trees: number;
  learningRate: number;
  /** Splits between the root and a leaf, at most. */
  depthMax: number;
  /** Rows in a leaf, at least. */
  leafRowsMin: number;
  /** L2 penalty on leaf values. */
  lambda: number;
  /** The share of the rows that each tree sees. */
  rowShare: number;
  /** The share of the features that each tree sees. */
  featureShare: number;
  seed: number;
}

export const boostingDefaults: BoostingOptions = {
  trees: 300,
  learningRate: 0.05,
  depthMax: 2,
  leafRowsMin: 30,
  lambda: 5,
  rowShare: 0.6,
  featureShare: 0.6,
  seed: 1,
};

/** Log-odds of a share that is never quite 0 or 1. */
const shareMargin = 1e-6;

interface Split {
  feature: number;
  /** The last bin that goes left. */
  bin: number;
  missingLeft: boolean;
  gain: number;
}

interface Sums {
  gradient: number;
  hessian: number;
  rows: number;
}

/** Bins of a feature, the missing one apart. */
const binsMax = 64;

/**
 * Trains an ensemble.
 * @param labels 1 where it happened, 0 where it did not; one a row.
 * @throws RangeError when there are no rows or the labels are all alike.
 */
export function trainBoosting(
  features: string[],
  rows: Rows,
  labels: readonly number[],
  options: BoostingOptions = boostingDefaults,
): Ensemble {
  const rounds = boostingRounds(features, rows, labels, options);
  for (;;) {
    const { done, value } = rounds.next();
    if (done) return value;
  }
}

/** The same tree by tree, so that a server can do other work between two of them. @throws RangeError as `trainBoosting`. */
export function* boostingRounds(
  features: string[],
  rows: Rows,
  labels: readonly number[],
  options: BoostingOptions = boostingDefaults,
): Generator<number, Ensemble> {
  const count = rowCount(rows);
  const positives = labels.reduce((sum, label) => sum + label, 0);
  if (count === 0 || count !== labels.length || positives === 0 || positives === count) {
    throw new RangeError('training needs rows of both outcomes');
  }
  const binned = toBins(rows, binsMax);
  const share = Math.min(1 - shareMargin, Math.max(shareMargin, positives / count));
  const base = Math.fround(Math.log(share / (1 - share)));
  const state = {
    score: new Float64Array(count).fill(base),
    gradient: new Float64Array(count),
    hessian: new Float64Array(count),
  };
  const random = xoroshiro128plus(options.seed);
  const pick = (max: number): number => uniformInt(random, 0, max - 1);
  const trees: Tree[] = [];
  for (let round = 0; round < options.trees; round += 1) {
    for (let row = 0; row < count; row += 1) {
      const probability = sigmoid(state.score[row] ?? 0);
      state.gradient[row] = probability - (labels[row] ?? 0);
      state.hessian[row] = probability * (1 - probability);
    }
    const sampled = sample(count, options.rowShare, pick);
    const columns = sample(features.length, options.featureShare, pick);
    const tree = growTree(binned, state, sampled, columns, options);
    trees.push(tree);
    for (let row = 0; row < count; row += 1) {
      state.score[row] = (state.score[row] ?? 0) + treeValue(tree, rows.values, row * rows.columns);
    }
    yield round;
  }
  return { features, base, trees };
}

/** A share of 0 … count-1 without repetition, at least one, in ascending order. */
function sample(count: number, share: number, pick: (max: number) => number): number[] {
  const all = Array.from({ length: count }, (_, index) => index);
  const wanted = Math.max(1, Math.round(count * share));
  for (let index = 0; index < wanted; index += 1) {
    const other = index + pick(count - index);
    const moved = all[index] ?? 0;
    all[index] = all[other] ?? 0;
    all[other] = moved;
  }
  return all.slice(0, wanted).sort((a, b) => a - b);
}

interface Gradients {
  gradient: Float64Array;
  hessian: Float64Array;
}

function growTree(
  binned: Binned,
  gradients: Gradients,
  rows: number[],
  columns: readonly number[],
  options: BoostingOptions,
): Tree {
  const tree = emptyTree();

  function grow(members: number[], depth: number): number {
    const total = sumOf(gradients, members);
    const node = tree.feature.length;
    const leaf = Math.fround((-total.gradient / (total.hessian + options.lambda)) * options.learningRate);
    tree.feature.push(-1);
    tree.threshold.push(0);
    tree.missingLeft.push(true);
    tree.left.push(-1);
    tree.right.push(-1);
    tree.value.push(leaf);
    tree.cover.push(members.length);
    if (depth >= options.depthMax) return node;
    const split = bestSplit(binned, gradients, members, columns, total, options);
    if (!split) return node;
    const bins = binned.bins[split.feature];
    const goesLeft = (row: number): boolean => {
      const bin = bins?.[row] ?? 0;
      return bin === 0 ? split.missingLeft : bin <= split.bin;
    };
    tree.feature[node] = split.feature;
    tree.threshold[node] = binned.edges[split.feature]?.[split.bin - 1] ?? 0;
    tree.missingLeft[node] = split.missingLeft;
    tree.value[node] = 0;
    tree.left[node] = grow(members.filter(goesLeft), depth + 1);
    tree.right[node] = grow(
      members.filter((row) => !goesLeft(row)),
      depth + 1,
    );
    return node;
  }

  grow(rows, 0);
  return tree;
}

function sumOf({ gradient, hessian }: Gradients, members: readonly number[]): Sums {
  const total: Sums = { gradient: 0, hessian: 0, rows: members.length };
  for (const row of members) {
    total.gradient += gradient[row] ?? 0;
    total.hessian += hessian[row] ?? 0;
  }
  return total;
}

function bestSplit(
  binned: Binned,
  gradients: Gradients,
  members: readonly number[],
  columns: readonly number[],
  total: Sums,
  options: BoostingOptions,
): Split | null {
  let best: Split | null = null;
  for (const feature of columns) {
    const bins = binned.bins[feature];
    const edges = binned.edges[feature];
    if (!bins || !edges) continue;
    const histogram = histogramOf(bins, edges.length + 2, gradients, members);
    const found = splitOf(histogram, feature, total, options);
    if (found && found.gain > (best?.gain ?? 0)) best = found;
  }
  return best;
}

interface Histogram {
  gradient: Float64Array;
  hessian: Float64Array;
  rows: Int32Array;
}

function histogramOf(
  bins: Uint8Array,
  size: number,
  { gradient, hessian }: Gradients,
  members: readonly number[],
): Histogram {
  const histogram = {
    gradient: new Float64Array(size),
    hessian: new Float64Array(size),
    rows: new Int32Array(size),
  };
  for (const row of members) {
    const bin = bins[row] ?? 0;
    histogram.gradient[bin] = (histogram.gradient[bin] ?? 0) + (gradient[row] ?? 0);
    histogram.hessian[bin] = (histogram.hessian[bin] ?? 0) + (hessian[row] ?? 0);
    histogram.rows[bin] = (histogram.rows[bin] ?? 0) + 1;
  }
  return histogram;
}

/** The best place to part one feature, its missing values tried on either side. */
function splitOf(histogram: Histogram, feature: number, total: Sums, options: BoostingOptions): Split | null {
  const quality = (gradient: number, hessian: number): number => gradient ** 2 / (hessian + options.lambda);
  const whole = quality(total.gradient, total.hessian);
  const missing = {
    gradient: histogram.gradient[0] ?? 0,
    hessian: histogram.hessian[0] ?? 0,
    rows: histogram.rows[0] ?? 0,
  };
  let best: Split | null = null;
  for (const missingLeft of missing.rows > 0 ? [true, false] : [true]) {
    let { gradient, hessian, rows } = missingLeft ? missing : { gradient: 0, hessian: 0, rows: 0 };
    for (let bin = 1; bin < histogram.rows.length - 1; bin += 1) {
      gradient += histogram.gradient[bin] ?? 0;
      hessian += histogram.hessian[bin] ?? 0;
      rows += histogram.rows[bin] ?? 0;
      if (rows < options.leafRowsMin || total.rows - rows < options.leafRowsMin) continue;
      const gain = quality(gradient, hessian) + quality(total.gradient - gradient, total.hessian - hessian) - whole;
      if (gain > (best?.gain ?? 1e-9)) best = { feature, bin, missingLeft, gain };
    }
  }
  return best;
}
