/**
 * Licence keys: `XXXXX-XXXXX-XXXXX-XXXXX-XXXXX` in Crockford's base 32, 24 random symbols (120 bits) and a check symbol.
 *
 * The check symbol is the weighted sum of the others over GF(2^5) with the powers of a primitive element as weights. As
 * the 24 weights differ from each other and from zero, every single wrong symbol and every exchange of two symbols is
 * found, not only of neighbours.
 */

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const symbolsTotal = 25;
const groupSymbols = 5;
const fieldSize = 32;
/** x^5 + x^2 + 1, primitive over GF(2). */
const fieldPolynomial = 0b100101;
/** Anything longer is not a key, however many dashes it holds. */
const chaveCharactersMax = 64;

/** How often each symbol may be misread, as Crockford defines. */
const lookAlikes: Readonly<Record<string, string>> = { O: '0', I: '1', L: '1' };

/**
 * Builds a key from random bytes.
 * @param random at least 24 bytes from a cryptographic source; five bits of each are used.
 */
export function buildChave(random: Uint8Array): string {
  if (random.length < symbolsTotal - 1) throw new RangeError(`a key needs ${symbolsTotal - 1} random bytes`);
  const values = Array.from(random.subarray(0, symbolsTotal - 1), (byte) => byte % fieldSize);
  const symbols = [...values, checkValue(values)].map((value) => alphabet.charAt(value)).join('');
  return symbols.replace(/(.{5})(?=.)/g, '$1-');
}

/**
 * Reads a key as people type it: case, dashes, spaces, `O/0` and `I/L/1` do not matter.
 * @returns the 25 symbols without dashes, or null when it cannot be a key of ours.
 */
export function normalizeChave(text: string): string | null {
  if (text.length > chaveCharactersMax) return null;
  const symbols = text
    .toUpperCase()
    .replace(/[-\s]/g, '')
    .replace(/[OIL]/g, (symbol) => lookAlikes[symbol] ?? symbol);
  if (symbols.length !== symbolsTotal) return null;
  const values = Array.from(symbols, (symbol) => alphabet.indexOf(symbol));
  if (values.includes(-1)) return null;
  return values.at(-1) === checkValue(values.slice(0, -1)) ? symbols : null;
}

/** The first group, which lists may show. */
export function chavePrefixo(chave: string): string {
  return chave.slice(0, groupSymbols);
}

function checkValue(values: readonly number[]): number {
  let weight = 1;
  let sum = 0;
  for (const value of values) {
    weight = multiply(weight, 2);
    sum ^= multiply(value, weight);
  }
  return sum;
}

/** Multiplication in GF(2^5). */
function multiply(a: number, b: number): number {
  let product = 0;
  let factor = a;
  for (let bits = b; bits > 0; bits >>= 1) {
    if (bits & 1) product ^= factor;
    factor <<= 1;
    if (factor & fieldSize) factor ^= fieldPolynomial;
  }
  return product;
}
