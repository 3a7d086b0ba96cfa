import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { billingPeriod, type Periodicidade } from '../../src/modules/faturas/periodo.model';

const zone = 'America/Sao_Paulo';
const day = (ms: number) => new Date(ms - 3 * 3_600_000).toISOString().slice(0, 10);

describe('billing periods', () => {
  test('31 January, then the last of February, then the 31st again', () => {
    const anchor = Date.parse('2027-01-31T12:00:00-03:00');
    const starts = Array.from({ length: 5 }, (_, n) => day(billingPeriod(anchor, 'mensal', n, zone).inicio));
    expect(starts).toEqual(['2027-01-31', '2027-02-28', '2027-03-31', '2027-04-30', '2027-05-31']);
    const leap = Date.parse('2028-01-31T12:00:00-03:00');
    expect(day(billingPeriod(leap, 'mensal', 1, zone).inicio)).toBe('2028-02-29');
    const leapDay = Date.parse('2028-02-29T12:00:00-03:00');
    expect(day(billingPeriod(leapDay, 'anual', 1, zone).inicio)).toBe('2029-02-28');
    expect(day(billingPeriod(leapDay, 'anual', 4, zone).inicio)).toBe('2032-02-29');
  });

  test('the day is that of the installation, not of Greenwich', () => {
    const anchor = Date.parse('2027-01-31T23:30:00-03:00');
    expect(day(billingPeriod(anchor, 'mensal', 1, zone).inicio)).toBe('2027-02-28');
  });

  test('leave no gap and no overlap, wherever they begin', () => {
    const anchors = fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2040, 0, 1) });
    fc.assert(
      fc.property(
        anchors,
        fc.constantFrom<Periodicidade>('mensal', 'trimestral', 'anual'),
        fc.nat(60),
        (anchor, rhythm, n) => {
          const one = billingPeriod(anchor, rhythm, n, zone);
          const next = billingPeriod(anchor, rhythm, n + 1, zone);
          return one.inicio < one.fim && one.fim === next.inicio && (n > 0 || one.inicio === anchor);
        },
      ),
    );
  });
});
