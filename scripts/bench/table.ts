/** The table the bench prints. */

export interface Row {
  metric: string;
  reference: string;
  measured: string;
  ratio: string;
  target: string;
  /** Null for what has no target. */
  ok: boolean | null;
}

/** One round of a comparison, both in units a second. */
export interface Round {
  reference: number;
  measured: number;
}

/** The row of a comparison: medians of the rounds, and their ratio. */
export function ratioRow(metric: string, referenceName: string, rounds: readonly Round[], target: number): Row {
  const reference = median(rounds.map((round) => round.reference));
  const measured = median(rounds.map((round) => round.measured));
  const ratio = measured / reference;
  return {
    metric,
    reference: `${referenceName} ${perSecond(reference)}`,
    measured: perSecond(measured),
    ratio: ratio.toFixed(2),
    target: `≥ ${target}`,
    ok: ratio >= target,
  };
}

/** The row of a figure that must stay below a limit. */
export function limitRow(metric: string, value: number, unit: string, limit: number): Row {
  const measured = `${value.toFixed(0)} ${unit}`;
  return { metric, reference: '', measured, ratio: '', target: `< ${limit} ${unit}`, ok: value < limit };
}

export function perSecond(value: number): string {
  return `${Math.round(value).toLocaleString('en-US')}/s`;
}

/** A share of one core, for the notes. */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export function printTable(rows: readonly Row[]): void {
  const header = ['metric', 'reference', 'measured', 'ratio', 'target', 'ok'];
  const lines = rows.map(({ metric, reference, measured, ratio, target, ok }) => {
    return [metric, reference, measured, ratio, target, ok === null ? '' : ok ? 'ok' : 'MISSED'];
  });
  const widths = header.map((_, n) => Math.max(...[header, ...lines].map((cells) => cells[n]?.length ?? 0)));
  for (const cells of [header, widths.map((width) => '-'.repeat(width)), ...lines]) {
    console.log(
      cells
        .map((cell, n) => cell.padEnd(widths[n] ?? 0))
        .join(' | ')
        .trimEnd(),
    );
  }
}
