import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { createPublishRate } from '../../src/transport/mqtt/publish-rate';

function rateAt(policy: { perSecond: number; burst: number }) {
  let now = 1_000_000;
  const rate = createPublishRate({ now: () => now }, policy);
  const pass = (ms: number): void => {
    now += ms;
  };
  return { ...rate, pass };
}

describe('the publish rate of a machine', () => {
  test('lets a burst through, then one message each interval', () => {
    const rate = rateAt({ perSecond: 10, burst: 3 });
    expect(Array.from({ length: 5 }, () => rate.take('m'))).toEqual([0, 0, 0, 100, 200]);
    rate.pass(200);
    expect(rate.take('m')).toBe(100);
    rate.pass(10_000);
    expect(Array.from({ length: 4 }, () => rate.take('m'))).toEqual([0, 0, 0, 100]);
  });

  test('is its own, and forgotten only when it changes nothing', () => {
    const rate = rateAt({ perSecond: 1, burst: 1 });
    expect([rate.take('a'), rate.take('b'), rate.take('a')]).toEqual([0, 0, 1_000]);
    rate.sweep();
    expect(rate.take('a')).toBe(2_000);
  });

  test('zero is no limit', () => {
    const rate = rateAt({ perSecond: 0, burst: 0 });
    expect(Array.from({ length: 1_000 }, () => rate.take('m')).every((wait) => wait === 0)).toBe(true);
  });

  test('in no stretch of time more have their turn than the burst and what the time gives back', () => {
    const policy = { perSecond: 20, burst: 5 };
    const gaps = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(gaps, (waits) => {
        const rate = rateAt(policy);
        let at = 0;
        const turns = waits.map((gap) => {
          rate.pass(gap);
          at += gap;
          return at + rate.take('m');
        });
        for (const [index, from] of turns.entries()) {
          for (const [further, to] of turns.slice(index).entries()) {
            if (further + 1 > policy.burst + ((to - from) * policy.perSecond) / 1_000 + 1e-6) return false;
          }
        }
        return true;
      }),
    );
  });
});
