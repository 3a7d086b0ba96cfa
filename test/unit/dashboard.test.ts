import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { dayMs, hourMs, minuteMs, secondMs } from '../../src/core/clock';
import { createAvailability, createChart, periodMs, spanOf } from '../../src/modules/maquinas/dashboard.model';
import { rollupOf } from '../../src/modules/maquinas/rollup.model';
import { type Bucket, resolucoes, type SeriesStore } from '../../src/modules/maquinas/series.store';
import { present, scratchSeries } from './series-support';

const intervalMs = minuteMs;

function pointBucket(em: number, cpu = 1): Bucket {
  return { em, spanMs: 0, unitMs: 1, rollup: rollupOf({ em, cpu, memoria: 2, disco: 3 }) };
}

describe('the steps of a chart', () => {
  test('are never more than 500, however a range lies', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: present }), fc.integer({ min: 0, max: 3_000 * dayMs }), (from, length) => {
        const { widthMs } = spanOf(from, from + length);
        const steps = Math.floor((from + length) / widthMs) - Math.floor(from / widthMs) + 1;
        expect(steps).toBeLessThanOrEqual(500);
      }),
    );
  });

  test('read the tier that suits a period', () => {
    const tiers = Object.values(periodMs).map((length) => spanOf(present - length, present));
    expect(tiers.map(({ finest, widthMs }) => [finest, widthMs / secondMs])).toEqual([
      ['bruta', 10],
      ['minuto', 300],
      ['minuto', 1_800],
      ['hora', 7_200],
      ['hora', 86_400],
    ]);
  });

  test('hold every heartbeat once', () => {
    const times = fc.array(fc.integer({ min: present - hourMs, max: present }), { minLength: 1 });
    fc.assert(
      fc.property(times, (unsorted) => {
        const sorted = [...unsorted].sort((a, b) => a - b);
        const span = spanOf(present - hourMs, present);
        const chart = createChart(span);
        for (const em of sorted) chart.add(pointBucket(em, (em % 101) / 1));
        const { cpu } = chart.series();
        for (const [at, mean, min, max] of cpu) {
          const within = sorted.filter((em) => em >= at && em < at + span.widthMs).map((em) => em % 101);
          expect(mean).toBeCloseTo(within.reduce((sum, value) => sum + value, 0) / within.length, 1);
          expect([min, max]).toEqual([Math.min(...within), Math.max(...within)]);
        }
        expect(new Set(cpu.map(([at]) => at)).size).toBe(cpu.length);
      }),
    );
  });
});

/** Milliseconds in which a machine was there, one by one seconds of the range. */
function secondsThere(times: readonly number[], from: number, to: number): number {
  let there = 0;
  let next = 0;
  for (let second = from; second < to; second += secondMs) {
    while (next < times.length && (times[next] ?? 0) <= second) next += 1;
    if (next > 0 && second < (times[next - 1] ?? 0) + intervalMs * 1.5) there += 1;
  }
  return there;
}

describe('availability', () => {
  test('is the share of the time vouched for by a heartbeat', () => {
    const times = fc.array(fc.integer({ min: 0, max: 3_600 }), { maxLength: 60 });
    fc.assert(
      fc.property(times, (seconds) => {
        const from = present - hourMs;
        const sorted = [...new Set(seconds)].sort((a, b) => a - b).map((second) => from + second * secondMs);
        const availability = createAvailability(from, present, intervalMs);
        for (const em of sorted) availability.add(pointBucket(em));
        expect(availability.percent()).toBeCloseTo(secondsThere(sorted, from, present) / 36, 1);
      }),
    );
  });

  test('says the same of raw heartbeats, minutes and hours', async () => {
    const scratch = scratchSeries();
    const id = crypto.randomUUID();
    // Twenty days; every day an hour and a quarter away, and one whole day.
    const times: number[] = [];
    for (let em = present - 20 * dayMs; em < present; em += intervalMs + (em % 7) * 100) {
      const day = Math.floor((present - em) / dayMs);
      if (day !== 16 && em % dayMs >= 75 * minuteMs) times.push(Math.floor(em / secondMs) * secondMs);
    }
    const points = times.map((em) => ({ em, cpu: 1, memoria: 2, disco: 3 }));
    for (let from = 0; from < points.length; from += 5_000) {
      await scratch.store.append(id, points.slice(from, from + 5_000), present);
    }
    const ranges: [number, number][] = [
      [present - 19.7 * dayMs, present],
      [present - 10 * dayMs, present - dayMs],
      [present - 3 * hourMs, present],
    ];
    const measure = async () => {
      const result: (number | null)[] = [];
      for (const [from, to] of ranges) {
        for (const finest of resolucoes) result.push(await availabilityOf(scratch.store, id, from, to, finest));
      }
      return result;
    };
    const expected = ranges.flatMap(([from, to]) => {
      const percent = (secondsThere(times, from, to) * secondMs * 100) / (to - from);
      return resolucoes.map(() => percent);
    });
    const before = await measure();
    await scratch.compact();
    const after = await measure();
    for (const [index, percent] of expected.entries()) {
      expect(before[index]).toBeCloseTo(percent, 1);
      expect(after[index]).toBeCloseTo(percent, 1);
    }
    await scratch.remove();
  });
});

async function availabilityOf(
  store: SeriesStore,
  id: string,
  from: number,
  to: number,
  finest: (typeof resolucoes)[number],
): Promise<number | null> {
  const availability = createAvailability(from, to, intervalMs);
  for await (const buckets of store.buckets(id, from - intervalMs * 1.5, to, finest)) {
    for (const bucket of buckets) availability.add(bucket);
  }
  return availability.percent();
}
