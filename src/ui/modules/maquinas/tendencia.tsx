/** A machine's last hour in the row of a table. */

import { useQuery } from '@tanstack/react-query';
import { api, call } from '../../kit/api';
import { number } from '../../kit/format';
import { useT } from '../../kit/texts';
import { maquinasTexts } from './maquinas.texts';

type Means = readonly (number | null)[];

/** While rows fly past nothing is asked: the question is put once they rest, and for those still in view. */
const restMs = 250;
const perQuestionMax = 100;
const freshMs = 60_000;
const width = 60;
const height = 16;

interface Asked {
  id: string;
  resolve(means: Means): void;
  reject(reason: unknown): void;
}

let waiting: Asked[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

/** One question for all rows that come into view together. */
function ask(id: string, signal: AbortSignal): Promise<Means> {
  return new Promise((resolve, reject) => {
    const one = { id, resolve, reject };
    waiting.push(one);
    signal.addEventListener('abort', () => {
      waiting = waiting.filter((other) => other !== one);
      reject(signal.reason);
    });
    clearTimeout(timer);
    timer = setTimeout(putAll, restMs);
  });
}

function putAll(): void {
  const all = waiting;
  waiting = [];
  for (let from = 0; from < all.length; from += perQuestionMax) void put(all.slice(from, from + perQuestionMax));
}

async function put(asked: readonly Asked[]): Promise<void> {
  try {
    const ids = asked.map(({ id }) => id).join(',');
    const { itens } = await call(api.maquinas.tendencias.get({ query: { ids } }));
    const means = new Map(itens.map(({ id, cpu }) => [id, cpu]));
    for (const { id, resolve } of asked) resolve(means.get(id) ?? []);
  } catch (error) {
    for (const { reject } of asked) reject(error);
  }
}

/** @param hue a colour of the theme. */
export function Tendencia({ id, hue }: { id: string; hue: string }) {
  const t = useT(maquinasTexts);
  const { data = [] } = useQuery({
    queryKey: ['tendencias', id],
    queryFn: ({ signal }) => ask(id, signal),
    staleTime: freshMs,
    refetchInterval: 2 * freshMs,
  });
  const known = data.filter((mean) => mean !== null);
  if (known.length === 0) return <svg width={width} height={height} aria-hidden="true" />;
  const label = t('tendencia', { menor: number(Math.min(...known)), maior: number(Math.max(...known)) });
  return (
    <svg
      width={width}
      height={height}
      role="img"
      aria-label={label}
      style={{ flex: 'none', color: `var(--mantine-color-${hue}-6)` }}
    >
      <title>{label}</title>
      <path d={pathOf(data)} fill="none" stroke="currentColor" strokeWidth={1.5} strokeLinecap="round" />
    </svg>
  );
}

/** A line from 0 to 100 percent, with a gap where nothing is known. */
function pathOf(means: Means): string {
  const step = (width - 2) / Math.max(1, means.length - 1);
  let pen = 'M';
  return means
    .map((mean, at) => {
      if (mean === null) {
        pen = 'M';
        return '';
      }
      const x = (1 + at * step).toFixed(1);
      const point = `${pen}${x} ${(1 + (height - 2) * (1 - mean / 100)).toFixed(1)}`;
      // A mean with nothing on either side is a dot: the round end of a line of no length.
      const dot = pen === 'M' ? 'h0' : '';
      pen = 'L';
      return point + dot;
    })
    .join('');
}
