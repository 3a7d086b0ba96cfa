import { describe, expect, test } from 'bun:test';
import { checkImpressao } from '../../src/modules/maquinas/impressao.model';

describe('fingerprints', () => {
  test.each([
    '',
    '   ',
    '0',
    '00000000-0000-0000-0000-000000000000',
    '00:00:00:00:00:00',
    'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF',
    'ffffffffffff',
    '0x00000000',
    'To Be Filled By O.E.M.',
    'default string',
    'None',
    'N/A',
    '03000200-0400-0500-0006-000700080009',
    '----',
    'abc\u0000def',
    'abc\ndef',
    'abc\u007f',
    'abc\ud800',
    'x'.repeat(4_097),
    'é'.repeat(2_049),
  ])('%j is refused', (impressao) => {
    expect(() => checkImpressao(impressao)).toThrow('impressão');
  });

  test.each(['a', 'b7e2c0f4-5a1d-4c6e-9f3b-2d8a7c5e1f90', 'x'.repeat(4_096), 'placa-mãe 42', '10000000000', 'F0F0'])(
    '%j is taken',
    (impressao) => {
      expect(checkImpressao(impressao)).toBe(impressao);
    },
  );

  test('surrounding spaces do not count', () => {
    expect(checkImpressao('  abc ')).toBe('abc');
  });
});
