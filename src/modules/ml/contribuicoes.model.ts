/**
 * Why an ensemble scores a row as it does: the Shapley value of each feature (Lundberg et al. 2020, path-dependent TreeSHAP).
 * They add up exactly to the score less the mean score of the training rows.
 *
 * A tree of few splits answers each row by which of its splits it passes: for every combination the values are worked out
 * once, and a row costs the comparisons and one addition for each feature of the tree.
 */

import { type Ensemble, type Rows, rowCount, type Tree } from './arvores.model';

/** Splits of one tree for which a table is kept: 2^7 rows for a tree of depth 3. */
const splitsMax = 10;

export interface Contributions {
  /** The mean score of the training rows, log-odds. */
  expected: number;
  /** Row after row, one value a feature, log-odds. */
  values: Float64Array;
}

interface Explained {
  /** The splits, the lowest bit first: what is asked, and where a missing value goes. */
  asked: Int32Array;
  thresholds: Float32Array;
  missingLeft: Uint8Array;
  /** The features of the tree. */
  features: Int32Array;
  /** For each pattern of passed splits, one value a feature of the tree. */
  table: Float64Array;
}

export type Explainer = (rows: Rows) => Contributions;

/** Prepares the explanations of an ensemble. @throws RangeError for trees of more than ten splits. */
export function createExplainer({ base, features, trees }: Ensemble): Explainer {
  const explained = trees.map(explain);
  const expected = trees.reduce((sum, tree) => sum + expectation(tree, 0, new Map()), base);
  return (rows) => {
    const count = rowCount(rows);
    const values = new Float64Array(count * features.length);
    for (const { asked, thresholds, missingLeft, features: used, table } of explained) {
      for (let row = 0; row < count; row += 1) {
        const offset = row * rows.columns;
        let pattern = 0;
        for (let bit = 0; bit < asked.length; bit += 1) {
          const value = rows.values[offset + (asked[bit] ?? 0)] ?? Number.NaN;
          // As `goesLeft`, spelt out: this runs hundreds of times a customer.
          if (value <= (thresholds[bit] ?? 0) || (Number.isNaN(value) && missingLeft[bit] === 1)) pattern |= 1 << bit;
        }
        for (let index = 0; index < used.length; index += 1) {
          const at = row * features.length + (used[index] ?? 0);
          values[at] = (values[at] ?? 0) + (table[pattern * used.length + index] ?? 0);
        }
      }
    }
    return { expected, values };
  };
}

function explain(tree: Tree): Explained {
  const splits = tree.feature.flatMap((feature, node) => (feature >= 0 ? [node] : []));
  if (splits.length > splitsMax) throw new RangeError(`a tree has ${splits.length} splits, more than ${splitsMax}`);
  const features = [...new Set(splits.map((node) => tree.feature[node] ?? 0))];
  const patterns = 2 ** splits.length;
  const table = new Float64Array(patterns * features.length);
  for (let pattern = 0; pattern < patterns; pattern += 1) {
    const passes = new Map(splits.map((node, bit) => [node, (pattern & (1 << bit)) !== 0]));
    table.set(shapley(tree, features, passes), pattern * features.length);
  }
  return {
    asked: Int32Array.from(splits, (node) => tree.feature[node] ?? 0),
    thresholds: Float32Array.from(splits, (node) => tree.threshold[node] ?? 0),
    missingLeft: Uint8Array.from(splits, (node) => Number(tree.missingLeft[node] ?? true)),
    features: Int32Array.from(features),
    table,
  };
}

/** The Shapley values of the few features of one tree, over all their coalitions. */
function shapley(tree: Tree, features: readonly number[], passes: ReadonlyMap<number, boolean>): number[] {
  const coalitions = 2 ** features.length;
  const worth = Array.from({ length: coalitions }, (_, coalition) => {
    const known = new Map(
      [...passes].filter(([node]) => {
        const index = features.indexOf(tree.feature[node] ?? -1);
        return (coalition & (1 << index)) !== 0;
      }),
    );
    return expectation(tree, 0, known);
  });
  return features.map((_, index) => {
    let value = 0;
    for (let coalition = 0; coalition < coalitions; coalition += 1) {
      if ((coalition & (1 << index)) !== 0) continue;
      const gain = (worth[coalition | (1 << index)] ?? 0) - (worth[coalition] ?? 0);
      value += coalitionWeight(bitsOf(coalition), features.length) * gain;
    }
    return value;
  });
}

/** The value of a subtree when only some splits are decided; the others part as the training rows did. */
function expectation(tree: Tree, node: number, known: ReadonlyMap<number, boolean>): number {
  if ((tree.feature[node] ?? -1) < 0) return tree.value[node] ?? 0;
  const left = tree.left[node] ?? 0;
  const right = tree.right[node] ?? 0;
  const passes = known.get(node);
  if (passes !== undefined) return expectation(tree, passes ? left : right, known);
  const share = (tree.cover[left] ?? 0) / Math.max(1, tree.cover[node] ?? 0);
  return share * expectation(tree, left, known) + (1 - share) * expectation(tree, right, known);
}

/** |S|! (n - |S| - 1)! / n! */
function coalitionWeight(size: number, features: number): number {
  return (factorial(size) * factorial(features - size - 1)) / factorial(features);
}

function factorial(n: number): number {
  return n <= 1 ? 1 : n * factorial(n - 1);
}

function bitsOf(coalition: number): number {
  return coalition.toString(2).replaceAll('0', '').length;
}
