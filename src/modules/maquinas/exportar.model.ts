/** What is stored of a machine as CSV. */

import { rfc3339 } from '../../core/clock';
import type { Stat } from './rollup.model';
import type { Bucket } from './series.store';

/** @param names of the extra series that get a column each. */
export function csvHeader(names: readonly string[]): string {
  return `${['em', 'cpu', 'memoria', 'disco', ...names].join(',')}\n`;
}

/** A heartbeat, or the means of a minute or an hour. One that holds a single heartbeat is that heartbeat. */
export function csvLine({ em, unitMs, rollup }: Bucket, names: readonly string[]): string {
  const { count, cpu, memoria, disco, extras, seen } = rollup;
  const moment = count === 1 ? em + (seen[0] ?? 0) * unitMs : em;
  const mean = ({ sum }: Stat) => Math.round(sum / count) / 100;
  const cells = [rfc3339(moment), mean(cpu), mean(memoria), mean(disco)];
  for (const name of names) {
    const stat = extras.get(name);
    cells.push(stat ? Number((stat.sum / stat.count).toPrecision(stat.count === 1 ? 17 : 9)) : '');
  }
  return `${cells.join(',')}\n`;
}
