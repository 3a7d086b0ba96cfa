import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { dayMs, hourMs, minuteMs, secondMs } from '../../src/core/clock';
import { type HeartbeatPoint, resolucoes } from '../../src/modules/maquinas/series.store';
import { bucketsOf, expectedOf, present, retention, type ScratchSeries, scratchSeries } from './series-support';

let scratch: ScratchSeries;
beforeAll(() => {
  scratch = scratchSeries();
});
afterAll(() => scratch.remove());

const newId = () => crypto.randomUUID();
/** Numbers of a time, so that the same heartbeat always says the same. */
function pointAt(em: number): HeartbeatPoint {
  const extras =
    em % 3 === 0 ? { temperatura: em % 90 } : em % 3 === 1 ? { rpm: em % 5_000, temperatura: 40 } : undefined;
  return { em, cpu: (em % 10_001) / 100, memoria: 50.25, disco: 12.3, ...(extras && { extras }) };
}

/** Moments close enough together to meet in a minute, around a few that matter: now, the edges of the tiers, an hour's end. */
const moment = (step: number) =>
  fc
    .tuple(
      fc.constantFrom(0, -minuteMs, -90 * minuteMs, -retention.rawMs, -3 * dayMs, -retention.minuteMs, -40 * dayMs),
      fc.integer({ min: -300, max: 120 }),
    )
    .map(([around, offset]) => present + around + offset * step);

/** `meanwhile` starts a compaction without waiting for it. */
type Step = { send: number[] } | 'compact' | 'meanwhile';

/** A way to deliver moments: any order, some again and again, in batches of any size, with compactions between. */
function deliveries(step: number): fc.Arbitrary<{ moments: number[]; steps: Step[] }> {
  return fc.array(moment(step), { minLength: 1, maxLength: 60 }).chain((moments) => {
    const some = fc.array(fc.constantFrom(...moments), { maxLength: 20 });
    const steps = fc.array(
      fc.oneof(
        some.map((send): Step => ({ send })),
        fc.constantFrom<Step>('compact', 'meanwhile'),
      ),
      { maxLength: 8 },
    );
    return fc.tuple(steps, fc.shuffledSubarray(moments, { minLength: moments.length })).map(([before, rest]) => ({
      moments,
      steps: [...before, { send: rest.slice(0, rest.length / 2) }, 'compact', { send: rest.slice(rest.length / 2) }],
    }));
  });
}

async function deliver(id: string, steps: readonly Step[]): Promise<void> {
  const running: Promise<unknown>[] = [];
  for (const step of steps) {
    if (step === 'compact') await scratch.compact();
    else if (step === 'meanwhile') running.push(scratch.compact());
    else if (step.send.length > 0) await scratch.store.append(id, step.send.map(pointAt), present);
  }
  await Promise.all(running);
}

describe('the tiers', () => {
  test('are the same however the heartbeats came: any order, duplication, batching and compaction', async () => {
    await fc.assert(
      // Past the minute's retention heartbeats are told apart to the second, so no two share one here.
      fc.asyncProperty(deliveries(secondMs), async ({ moments, steps }) => {
        const id = newId();
        await deliver(id, steps);
        const points = moments.map(pointAt);
        const check = async () => {
          expect(await bucketsOf(scratch.store, id, 'hora')).toEqual(expectedOf(points, 'hora'));
          const since = present - retention.minuteMs + hourMs;
          const recent = points.filter(({ em }) => em >= since);
          expect(await bucketsOf(scratch.store, id, 'minuto', since)).toEqual(expectedOf(recent, 'minuto'));
          const raw = points.filter(({ em }) => em >= present - retention.rawMs + hourMs);
          expect(await bucketsOf(scratch.store, id, 'bruta', present - retention.rawMs + hourMs)).toEqual(
            expectedOf(raw, 'bruta'),
          );
        };
        await check();
        await scratch.compact();
        await check();
        await deliver(id, [{ send: moments }, 'compact']);
        await check();
        await scratch.store.forget(id);
        expect(await bucketsOf(scratch.store, id, 'bruta')).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  test('tell heartbeats apart to the millisecond while minutes are kept', async () => {
    await fc.assert(
      fc.asyncProperty(deliveries(37), async ({ moments, steps }) => {
        const recent = (em: number) => em >= present - retention.minuteMs + 2 * hourMs;
        const id = newId();
        await deliver(
          id,
          steps.map((step) => (typeof step === 'string' ? step : { send: step.send.filter(recent) })),
        );
        await scratch.compact();
        const points = moments.filter(recent).map(pointAt);
        for (const finest of ['hora', 'minuto'] as const) {
          expect(await bucketsOf(scratch.store, id, finest)).toEqual(expectedOf(points, finest));
        }
      }),
      { numRuns: 30 },
    );
  });

  test('have what comes for an hour while that hour is rolled up', async () => {
    const start = present - 2 * hourMs;
    for (let turns = 0; turns < 40; turns += 1) {
      const id = newId();
      await scratch.store.append(id, [pointAt(start)], present);
      const compaction = scratch.compact();
      for (let n = 0; n < turns; n += 1) await new Promise((resolve) => setImmediate(resolve));
      const late = pointAt(start + minuteMs);
      await Promise.all([compaction, scratch.store.append(id, [late], present)]);
      expect(await bucketsOf(scratch.store, id, 'hora')).toEqual(expectedOf([pointAt(start), late], 'hora'));
    }
  });

  test('each heartbeat is in exactly one bucket of any resolution, over the edges of all tiers', async () => {
    const id = newId();
    const times = Array.from({ length: 2_000 }, (_, n) => present - n * 17 * minuteMs - (n % 7) * secondMs);
    for (let from = 0; from < times.length; from += 500) {
      await scratch.store.append(id, times.slice(from, from + 500).map(pointAt), present);
      await scratch.compact();
    }
    for (const finest of resolucoes) {
      const buckets = await bucketsOf(scratch.store, id, finest);
      expect(buckets.reduce((sum, [, count]) => sum + count, 0)).toBe(times.length);
      expect(buckets.map(([em]) => em)).toEqual([...new Set(buckets.map(([em]) => em))].sort((a, b) => a - b));
    }
    // Retention has removed what it should, and nothing else.
    const raw = [...scratch.store.range(id, 0, present + dayMs)].map(({ em }) => em);
    expect(raw).toEqual(times.filter((em) => em >= present - retention.rawMs).reverse());
    const widths = new Set<number>();
    for await (const portion of scratch.store.buckets(id, 0, present + dayMs, 'bruta')) {
      for (const { spanMs } of portion) widths.add(spanMs);
    }
    expect([...widths]).toEqual([hourMs, minuteMs, 0]);
  });

  test('hours past their retention and machines that are gone leave nothing', async () => {
    const [old, gone] = [newId(), newId()];
    await scratch.store.append(old, [present - 729 * dayMs, present].map(pointAt), present);
    await scratch.store.append(gone, [present - 20 * dayMs, present - 2 * dayMs, present].map(pointAt), present);
    await scratch.compact();
    expect(await bucketsOf(scratch.store, old, 'hora')).toHaveLength(2);
    await scratch.compact(present + 2 * dayMs, (id) => id !== gone);
    expect(await bucketsOf(scratch.store, old, 'hora')).toHaveLength(1);
    expect(await bucketsOf(scratch.store, gone, 'bruta')).toEqual([]);
    expect(scratch.store.lastSeen(gone)).toBeNull();
    expect(scratch.store.extraNames(gone)).toEqual([]);
  });
});

describe('extras', () => {
  test('past the 20th name are ignored and counted, across restarts', async () => {
    let own = scratchSeries();
    const id = newId();
    const named = (from: number, count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`s${from + n}`, from + n + 0.5]));
    await own.store.append(id, [{ ...pointAt(present), extras: named(0, 15) }], present);
    own = await own.reopen();
    await own.store.append(id, [{ ...pointAt(present + 1), extras: named(12, 15) }], present);
    expect(own.store.extraNames(id)).toHaveLength(20);
    expect(own.store.stats().extrasIgnored).toBe(7);
    const [first, second] = [...own.store.range(id, present, present + 2)];
    expect(first?.extras).toEqual(named(0, 15));
    expect(second?.extras).toEqual(named(12, 8));
    await own.compact(present + hourMs);
    const [[, , , , , extras] = []] = await bucketsOf(own.store, id, 'hora');
    expect(extras?.s12).toEqual([2, 25, 12.5, 12.5]);
    expect(Object.keys(extras ?? {})).toHaveLength(20);
    await own.remove();
  });

  test('of any finite size stay numbers', async () => {
    const id = newId();
    const huge = [1, 2, 3].map((n) => ({ ...pointAt(present + n), extras: { grande: 1.7e308, pequeno: -1.7e308 } }));
    await scratch.store.append(id, huge, present);
    await scratch.compact(present + 2 * hourMs);
    const [[, , , , , extras] = []] = await bucketsOf(scratch.store, id, 'hora');
    expect(
      Object.values(extras ?? {})
        .flat()
        .every(Number.isFinite),
    ).toBe(true);
  });
});

describe('the newest heartbeat', () => {
  test('is the newest by its own time, whatever comes later, across restarts', async () => {
    let own = scratchSeries();
    const id = newId();
    await own.store.append(id, [pointAt(present)], present);
    await own.store.append(id, [pointAt(present - dayMs)], present + 5);
    own = await own.reopen();
    await own.store.append(id, [pointAt(present - 2 * dayMs)], present + 9);
    expect(own.store.heard(id)?.newest?.em).toBe(present);
    expect(own.store.lastSeen(id)).toBe(present + 9);
    const others = Array.from({ length: 450 }, newId);
    await Promise.all(others.map((other, n) => own.store.append(other, [pointAt(present + n)], present)));
    const every = [...own.store.everyHeard()];
    expect(every.map(({ maquinaId }) => maquinaId)).toEqual([id, ...others].sort());
    expect(every.find(({ maquinaId }) => maquinaId === others[7])?.heard.newest?.em).toBe(present + 7);
    await own.remove();
  });
});
