import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { dayMs } from '../../src/core/clock';
import { expiredBackups } from '../../src/modules/backups/backups.model';

const now = Date.parse('2026-11-25T05:00:00Z');
const keep = { daily: 7, weekly: 4, monthly: 12 };
const timeZone = 'America/Sao_Paulo';

function kept(moments: readonly number[]): string[] {
  const backups = moments.map((criado_em, n) => ({ id: String(n), criado_em }));
  const gone = new Set(expiredBackups(backups, keep, now, timeZone));
  return backups.filter((backup) => !gone.has(backup)).map(({ criado_em }) => new Date(criado_em).toISOString());
}

describe('retention', () => {
  test('of a daily backup over two years keeps seven days, four weeks and twelve months', () => {
    const days = Array.from({ length: 730 }, (_, n) => now - n * dayMs);
    const dates = kept(days).map((moment) => moment.slice(0, 10));
    // The last seven days; then the Sundays of the three weeks before; then the last day of each month before.
    expect(dates).toEqual([
      '2026-11-25',
      '2026-11-24',
      '2026-11-23',
      '2026-11-22',
      '2026-11-21',
      '2026-11-20',
      '2026-11-19',
      '2026-11-15',
      '2026-11-08',
      '2026-10-31',
      '2026-09-30',
      '2026-08-31',
      '2026-07-31',
      '2026-06-30',
      '2026-05-31',
      '2026-04-30',
      '2026-03-31',
      '2026-02-28',
      '2026-01-31',
      '2025-12-31',
    ]);
  });

  test('keeps what was made by hand within the last day', () => {
    expect(kept([now, now - 60_000, now - 120_000])).toHaveLength(3);
  });

  test('always keeps the newest, never more than its counts allow, and changes nothing when asked again', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 800 * 24 }), { minLength: 1, maxLength: 200 }), (hours) => {
        const moments = hours.map((hour) => now - hour * 3_600_000);
        const left = kept(moments).map((moment) => Date.parse(moment));
        expect(left).toContain(Math.max(...moments));
        expect(left.length).toBeLessThanOrEqual(20 + 7 + 4 + 12);
        expect(kept(left)).toEqual(left.map((moment) => new Date(moment).toISOString()));
      }),
    );
  });
});
