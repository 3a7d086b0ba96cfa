import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { Problem } from '../../src/core/problem';
import { readHeartbeats } from '../../src/modules/maquinas/heartbeat.model';

const now = Date.UTC(2026, 10, 24, 14, 5);
const good = { cpu: 1, memoria: 2, disco: 3 };

function codeOf(body: unknown): string {
  try {
    readHeartbeats(body, now);
    return 'accepted';
  } catch (error) {
    if (error instanceof Problem) return error.codigo;
    throw error;
  }
}

describe('heartbeats', () => {
  test.each([
    [{ ...good, cpu: -0.1 }, 'VALIDACAO'],
    [{ ...good, cpu: 100.1 }, 'VALIDACAO'],
    [{ ...good, cpu: Number.NaN }, 'VALIDACAO'],
    [{ ...good, cpu: '50' }, 'VALIDACAO'],
    [{ ...good, cpu: null }, 'VALIDACAO'],
    [{ memoria: 2, disco: 3 }, 'VALIDACAO'],
    [{ ...good, em: 'yesterday' }, 'VALIDACAO'],
    [{ ...good, em: '2026-02-30T00:00:00Z' }, 'VALIDACAO'],
    [{ ...good, em: '2026-11-24T14:10:01Z' }, 'HEARTBEAT_NO_FUTURO'],
    [{ ...good, em: '2026-11-24T14:10:00Z' }, 'accepted'],
    [{ ...good, em: '2019-01-01T00:00:00Z' }, 'HEARTBEAT_ANTIGO'],
    [{ ...good, em: '1970-01-01T00:00:00Z' }, 'HEARTBEAT_ANTIGO'],
    [{ ...good, em: '2026-11-24T11:05:00-03:00' }, 'accepted'],
    [{ ...good, extras: { temperatura: 61.5 } }, 'accepted'],
    [{ ...good, extras: { temperatura: 'quente' } }, 'VALIDACAO'],
    [{ ...good, extras: Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`s${n}`, n])) }, 'VALIDACAO'],
    [{ ...good, versao: 'x'.repeat(65) }, 'VALIDACAO'],
    [[], 'VALIDACAO'],
    [Array.from({ length: 1_000 }, () => good), 'accepted'],
    [Array.from({ length: 1_001 }, () => good), 'VALIDACAO'],
    [null, 'VALIDACAO'],
    ['text', 'VALIDACAO'],
    [42, 'VALIDACAO'],
    [[good, [good]], 'VALIDACAO'],
  ])('%j: %s', (body, code) => {
    expect(codeOf(body)).toBe(code);
  });

  test('one bad entry refuses the whole list and is named by its index', () => {
    try {
      readHeartbeats([good, { ...good, disco: 101 }], now);
      throw new Error('accepted');
    } catch (error) {
      expect(error).toBeInstanceOf(Problem);
      if (error instanceof Problem) expect(error.details.erros?.[0]?.campo).toBe('1.disco');
    }
  });

  test('no JSON value is more than refused', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => ['accepted', 'VALIDACAO'].includes(codeOf(value))));
  });
});
