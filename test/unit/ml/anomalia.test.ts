import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  anomalyScore,
  anomalyThreshold,
  decodeStream,
  encodeStream,
  newStream,
} from '../../../src/modules/ml/anomalia.model';

/** A day's rhythm with a little noise, from a seed. */
function rhythm(values: number, seed = 3): number[] {
  let state = seed;
  return Array.from({ length: values }, (_, index) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return 40 + 20 * Math.sin(index / 40) + (state / 2 ** 32) * 6;
  });
}

const scoresOf = (values: readonly number[]): number[] => {
  const stream = newStream();
  return values.map((value) => anomalyScore(stream, value));
};

describe('an anomaly', () => {
  test('is a value far from all before it, in a series that has its rhythm', () => {
    const values = rhythm(1_500);
    values[1_200] = 99;
    const scores = scoresOf(values);
    expect(scores[1_200]).toBeGreaterThan(anomalyThreshold);
    expect(Math.max(...scores.slice(800, 1_200))).toBeLessThan(anomalyThreshold);
  });

  test('is a sudden step within the usual range too', () => {
    const values = rhythm(1_500);
    // The rhythm is at its height here.
    const at = 40 * Math.round((10 * Math.PI * 4.05) / 4.05);
    values[at] = (values[at] ?? 0) - 55;
    expect(scoresOf(values)[at]).toBeGreaterThan(anomalyThreshold);
  });

  test('is followed by quiet, and a series that stays changed becomes usual', () => {
    const values = [...rhythm(1_000), ...rhythm(1_000, 5).map((value) => value + 200)];
    const scores = scoresOf(values);
    const alarms = scores.flatMap((score, index) => (score >= anomalyThreshold && index >= 1_000 ? [index] : []));
    expect(alarms[0]).toBe(1_000);
    expect(alarms.length).toBeLessThan(20);
    expect(Math.max(...scores.slice(1_700))).toBeLessThan(anomalyThreshold);
  });

  test('is not in a constant series, nor is what is no number', () => {
    const scores = scoresOf([...new Array(500).fill(0), Number.NaN, Number.POSITIVE_INFINITY, 0]);
    expect(Math.max(...scores.slice(20))).toBeLessThan(anomalyThreshold);
    expect(scores.slice(-3, -1)).toEqual([0, 0]);
  });
});

describe('the state of a stream', () => {
  test('goes on after a restart as if there had been none', () => {
    const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 600 });
    fc.assert(
      fc.property(values, fc.nat(599), (drawn, cut) => {
        // The state keeps 32-bit numbers.
        const series = drawn.map(Math.fround);
        const whole = newStream();
        let restarted = newStream();
        for (const [index, value] of series.entries()) {
          if (index === cut) restarted = decodeStream(encodeStream(restarted)) ?? newStream();
          expect(anomalyScore(restarted, value)).toBeCloseTo(anomalyScore(whole, value), 6);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('takes a few hundred bytes, and never more than 4 KB', () => {
    const stream = newStream();
    let largest = 0;
    for (const value of rhythm(2_000)) {
      anomalyScore(stream, value);
      largest = Math.max(largest, encodeStream(stream).length);
    }
    expect(largest).toBeLessThanOrEqual(4_096);
    expect(encodeStream(stream).length).toBeLessThan(700);
  });

  test('bytes of anything else are no state', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 800 }), (bytes) => {
        expect(decodeStream(Buffer.from(bytes))).toBeNull();
      }),
    );
  });
});
