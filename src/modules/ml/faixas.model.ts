/** Values sorted into bins by quantile, so that a split is sought among tens of places instead of thousands. */

import { type Rows, rowCount } from './arvores.model';

export interface Binned {
  /** Of each column: the bin of each row; 0 is missing, 1 the lowest. */
  bins: Uint8Array[];
  /** Of each column: the largest value of bin 1, 2, …, 32-bit, ascending; what is above the last is the last bin. */
  edges: Float32Array[];
}

/** @param binsMax bins of a column, at most 254. */
export function toBins(rows: Rows, binsMax: number): Binned {
  const count = rowCount(rows);
  const binned: Binned = { bins: [], edges: [] };
  for (let column = 0; column < rows.columns; column += 1) {
    const values = new Float32Array(count);
    for (let row = 0; row < count; row += 1) values[row] = rows.values[row * rows.columns + column] ?? Number.NaN;
    const edges = edgesOf(values, binsMax);
    binned.edges.push(edges);
    binned.bins.push(Uint8Array.from(values, (value) => binOf(edges, value)));
  }
  return binned;
}

/** Edges halfway between neighbouring values at the quantiles. */
function edgesOf(values: Float32Array, binsMax: number): Float32Array {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort();
  const edges: number[] = [];
  for (let bin = 1; bin < binsMax; bin += 1) {
    const at = Math.floor((bin * sorted.length) / binsMax);
    const above = sorted[at];
    if (above === undefined) continue;
    const below = sorted.subarray(0, at).findLast((value) => value < above);
    if (below === undefined) continue;
    const edge = Math.fround(below + (above - below) / 2);
    // Between two neighbours of the 32-bit numbers there is none: the lower one parts them as well.
    const parting = edge < above ? edge : below;
    if (parting > (edges.at(-1) ?? Number.NEGATIVE_INFINITY)) edges.push(parting);
  }
  return Float32Array.from(edges);
}

function binOf(edges: Float32Array, value: number): number {
  if (Number.isNaN(value)) return 0;
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (value <= (edges[middle] ?? 0)) high = middle;
    else low = middle + 1;
  }
  return low + 1;
}
