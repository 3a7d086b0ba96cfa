import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { buildChave, normalizeChave } from '../../src/modules/licencas/chave.model';

const random = fc.uint8Array({ minLength: 24, maxLength: 24 });
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

describe('licence keys', () => {
  test('have five groups of five Crockford symbols', () => {
    fc.assert(
      fc.property(random, (bytes) => /^([0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{5}$/.test(buildChave(bytes))),
    );
  });

  test('read back without regard to case, dashes, spaces and look-alikes', () => {
    fc.assert(
      fc.property(random, (bytes) => {
        const chave = buildChave(bytes);
        const symbols = chave.replaceAll('-', '');
        const typed = chave.toLowerCase().replaceAll('0', 'o').replaceAll('1', 'l').replaceAll('-', ' ');
        expect(normalizeChave(chave)).toBe(symbols);
        expect(normalizeChave(typed)).toBe(symbols);
        expect(normalizeChave(symbols.replaceAll('1', 'I'))).toBe(symbols);
      }),
    );
  });

  test('any single wrong symbol is found', () => {
    fc.assert(
      fc.property(random, fc.nat(24), fc.integer({ min: 1, max: 31 }), (bytes, at, shift) => {
        const symbols = [...buildChave(bytes).replaceAll('-', '')];
        const wrong = alphabet[(alphabet.indexOf(symbols[at] ?? '') + shift) % 32] ?? '';
        symbols[at] = wrong;
        return normalizeChave(symbols.join('')) === null;
      }),
    );
  });

  test('any exchange of two different symbols is found', () => {
    fc.assert(
      fc.property(random, fc.nat(23), fc.nat(23), (bytes, a, b) => {
        const symbols = [...buildChave(bytes).replaceAll('-', '')];
        const [left = '', right = ''] = [symbols[a], symbols[b]];
        if (left === right) return true;
        symbols[a] = right;
        symbols[b] = left;
        return normalizeChave(symbols.join('')) === null;
      }),
    );
  });

  test('whatever is no key is null, at any length', () => {
    fc.assert(fc.property(fc.string({ maxLength: 10_000 }), (text) => normalizeChave(text) === null));
    expect(normalizeChave('A'.repeat(10_240))).toBeNull();
    expect(normalizeChave('')).toBeNull();
  });
});
