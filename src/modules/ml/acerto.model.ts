/** How good predicted probabilities are: ranking, squared error, and whether they mean what they say. */

/**
 * The area under the ROC curve: the chance that a row where it happened is ranked above one where it did not; ties count
 * half (Mann and Whitney 1947). NaN when only one outcome is there.
 */
export function auc(probabilities: ArrayLike<number>, labels: ArrayLike<number>): number {
  const order = Array.from({ length: probabilities.length }, (_, index) => index).sort(
    (a, b) => (probabilities[a] ?? 0) - (probabilities[b] ?? 0),
  );
  let rankSum = 0;
  let positives = 0;
  let start = 0;
  while (start < order.length) {
    let end = start;
    const value = probabilities[order[start] ?? 0];
    while (end < order.length && probabilities[order[end] ?? 0] === value) end += 1;
    const rank = (start + 1 + end) / 2;
    for (let index = start; index < end; index += 1) {
      if (labels[order[index] ?? 0] !== 1) continue;
      rankSum += rank;
      positives += 1;
    }
    start = end;
  }
  const negatives = order.length - positives;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/** The mean squared difference between probability and outcome (Brier 1950); lower is better. */
export function brier(probabilities: ArrayLike<number>, labels: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < probabilities.length; index += 1) {
    sum += ((probabilities[index] ?? 0) - (labels[index] ?? 0)) ** 2;
  }
  return sum / probabilities.length;
}

export interface CalibrationRow {
  /** Rows in the group. */
  linhas: number;
  prevista: number;
  observada: number;
}

/** Rows in order of probability in groups of equal size: what was predicted there, and what came. */
export function calibration(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  groups: number,
): CalibrationRow[] {
  const order = Array.from({ length: probabilities.length }, (_, index) => index).sort(
    (a, b) => (probabilities[a] ?? 0) - (probabilities[b] ?? 0),
  );
  return Array.from({ length: groups }, (_, group) => {
    const members = order.slice(
      Math.floor((group * order.length) / groups),
      Math.floor(((group + 1) * order.length) / groups),
    );
    const mean = (of: ArrayLike<number>): number =>
      members.reduce((sum, index) => sum + (of[index] ?? 0), 0) / Math.max(1, members.length);
    return { linhas: members.length, prevista: mean(probabilities), observada: mean(labels) };
  });
}
