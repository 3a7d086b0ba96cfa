/** A metric over time: the mean in front of the band from least to most, gaps as gaps, and points that are out of the ordinary. */

import { useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { clockTime, date, dateTime, number } from './format';
import { kitTexts } from './kit.texts';
import { useT } from './texts';

/** Epoch milliseconds, mean, least, most. */
export type Point = readonly [em: number, media: number, minimo: number, maximo: number];

interface ChartProps {
  label: string;
  points: readonly Point[];
  from: number;
  to: number;
  /** Width of a point in milliseconds; twice that without one is a gap. */
  stepMs: number;
  marks?: readonly { em: number; valor: number; texto: string }[];
  /** Charts of the same name share their crosshair. */
  sync?: string;
  height?: number;
  unit?: string;
  /** The top of the scale; what the data needs without it. */
  max?: number;
}

const gapSteps = 2;

export function Chart(props: ChartProps) {
  const { label, points, from, to, stepMs, marks = [], sync, height = 150, unit = '', max } = props;
  const t = useT(kitTexts);
  const names = [t('quando'), t('maximo'), t('minimo'), t('fora_do_usual')].join('|');
  const dark = useComputedColorScheme('light') === 'dark';
  const { ref: box, width } = useElementSize<HTMLDivElement>();
  const target = useRef<HTMLDivElement>(null);
  const wide = Math.floor(width);

  useEffect(() => {
    const into = target.current;
    if (!into || wide === 0) return;
    const [when = '', most = '', least = '', unusual = ''] = names.split('|');
    const line = dark ? '#8b9dea' : '#2f4ac0';
    const band = dark ? 'rgba(139,157,234,0.22)' : 'rgba(59,91,219,0.15)';
    const grid = dark ? 'rgba(255,255,255,0.08)' : 'rgba(0,0,0,0.07)';
    const text = dark ? '#a6a7ab' : '#5c5f66';
    const axis = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { show: false } };
    const made = new uPlot(
      {
        width: wide,
        height,
        cursor: { y: false, ...(sync ? { sync: { key: sync } } : {}) },
        legend: { show: true, live: true },
        scales: {
          x: { time: true, min: from / 1000, max: to / 1000 },
          y: { range: (_, least, most) => [Math.min(0, least ?? 0), max ?? Math.max(1, (most ?? 1) * 1.1)] },
        },
        series: [
          { label: when, value: (_, at) => (at === null ? '' : dateTime(at * 1000)) },
          { label: most, stroke: 'transparent', value: (_, v) => shown(v, unit) },
          { label: least, stroke: 'transparent', value: (_, v) => shown(v, unit) },
          { label, stroke: line, width: 1.5, value: (_, v) => shown(v, unit) },
          {
            label: unusual,
            stroke: 'transparent',
            points: { show: true, size: 8, fill: '#e8590c', stroke: '#e8590c' },
            value: (_, v) => shown(v, unit),
          },
        ],
        bands: [{ series: [1, 2], fill: band }],
        axes: [
          { ...axis, values: (_, at) => at.map((value, n) => momentLabel(value, at[n - 1])) },
          { ...axis, size: 44, values: (_, values) => values.map((value) => shown(value, unit)) },
        ],
      },
      columns(points, marks, stepMs),
      into,
    );
    return () => made.destroy();
  }, [names, wide, height, dark, from, to, points, marks, stepMs, sync, label, unit, max]);

  const last = points.at(-1);
  return (
    <div
      ref={box}
      className="grafico"
      role="img"
      aria-label={`${label}: ${last ? shown(last[1], unit) : '—'}`}
      style={{ minHeight: height }}
    >
      <div ref={target} />
    </div>
  );
}

/** The time of day, or the day where one begins. */
function momentLabel(seconds: number, before: number | undefined): string {
  const day = date(seconds * 1000);
  const atMidnight = new Date(seconds * 1000).getHours() === 0;
  return atMidnight || (before !== undefined && date(before * 1000) !== day)
    ? day.slice(0, 5)
    : clockTime(seconds * 1000).slice(0, 5);
}

function shown(value: number | null | undefined, unit: string): string {
  return value === null || value === undefined ? '' : `${number(value, value < 10 ? 1 : 0)}${unit}`;
}

type Cell = number | null;

/** uPlot's columns: a null where there is a gap, and the marks at the points nearest to them. */
function columns(points: readonly Point[], marks: ChartProps['marks'] & object, stepMs: number): uPlot.AlignedData {
  const x: number[] = [];
  const high: Cell[] = [];
  const low: Cell[] = [];
  const mean: Cell[] = [];
  const marked: Cell[] = [];
  const waiting = [...marks].sort((a, b) => a.em - b.em);
  let before: number | null = null;
  for (const [em, media, minimo, maximo] of points) {
    if (before !== null && em - before > gapSteps * stepMs) {
      x.push((before + stepMs) / 1000);
      for (const column of [high, low, mean, marked]) column.push(null);
    }
    x.push(em / 1000);
    high.push(maximo);
    low.push(minimo);
    mean.push(media);
    let mark: Cell = null;
    while (waiting[0] && waiting[0].em < em + stepMs) mark = waiting.shift()?.valor ?? mark;
    marked.push(mark);
    before = em;
  }
  return [x, high, low, mean, marked];
}
