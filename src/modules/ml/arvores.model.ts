/**
 * Ensembles of decision trees: a sum of leaves in log-odds. Thresholds are 32-bit floats, so that ONNX, which compares in
 * 32 bits, takes the same way through every tree.
 */

/** A tree as parallel arrays, the root first; a leaf has no feature (-1). */
export interface Tree {
  feature: number[];
  /** A row goes left when its value is at most this. */
  threshold: number[];
  /** Where a missing value (NaN) goes. */
  missingLeft: boolean[];
  left: number[];
  right: number[];
  /** What a leaf adds to the score, log-odds. */
  value: number[];
  /** The weight of the training rows that reached a node; explanations are relative to it. */
  cover: number[];
}

export function emptyTree(): Tree {
  return { feature: [], threshold: [], missingLeft: [], left: [], right: [], value: [], cover: [] };
}

export interface Ensemble {
  /** The name of each column of a row. */
  features: string[];
  /** The score before any tree, log-odds. */
  base: number;
  trees: Tree[];
}

/** Rows of 32-bit values, one after another; NaN is missing. */
export interface Rows {
  columns: number;
  values: Float32Array;
}

/** The rows of a table of numbers. */
export function toRows(table: readonly (readonly number[])[], columns: number): Rows {
  const values = new Float32Array(table.length * columns);
  for (const [index, row] of table.entries()) values.set(row, index * columns);
  return { columns, values };
}

export function rowCount({ columns, values }: Rows): number {
  return columns === 0 ? 0 : values.length / columns;
}

/** Whether a row goes left at a node. */
function goesLeft(tree: Tree, node: number, value: number): boolean {
  return Number.isNaN(value) ? (tree.missingLeft[node] ?? true) : value <= (tree.threshold[node] ?? 0);
}

/** What one tree adds for the row that begins at an offset. */
export function treeValue(tree: Tree, values: Float32Array, offset: number): number {
  let node = 0;
  for (;;) {
    const feature = tree.feature[node] ?? -1;
    if (feature < 0) return tree.value[node] ?? 0;
    const left = goesLeft(tree, node, values[offset + feature] ?? Number.NaN);
    node = (left ? tree.left[node] : tree.right[node]) ?? 0;
  }
}

/** The score of each row, log-odds. */
export function scores({ base, trees }: Ensemble, rows: Rows): Float64Array {
  const result = new Float64Array(rowCount(rows)).fill(base);
  for (const tree of trees) {
    for (let row = 0; row < result.length; row += 1) {
      result[row] = (result[row] ?? 0) + treeValue(tree, rows.values, row * rows.columns);
    }
  }
  return result;
}

/** The probability of a score in log-odds. */
export function sigmoid(score: number): number {
  return 1 / (1 + Math.exp(-score));
}
