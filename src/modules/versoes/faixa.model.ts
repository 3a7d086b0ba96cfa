/** Conditional requests and ranges over a file that never changes under its name (RFC 9110, sections 13 and 14). */

/** What a request asks of a file. */
export type Entrega =
  | { status: 200 }
  | { status: 206; faixas: Faixa[] }
  | { status: 304 }
  | { status: 412 }
  | { status: 416 };

/** First and last byte, both included. */
export interface Faixa {
  inicio: number;
  fim: number;
}

interface Representation {
  /** Strong, with its quotes. */
  etag: string;
  modificadaEm: number;
  bytes: number;
}

/** More parts than this are nobody's download; the whole file is answered instead, as the RFC allows. */
const rangesMax = 16;
const digitsMax = 15;

/** Decides what a GET or HEAD is answered with. @param headers reads a header of the request, null where there is none. */
export function decideEntrega(headers: (name: string) => string | null, file: Representation): Entrega {
  const ifMatch = headers('if-match');
  if (ifMatch !== null && !matches(ifMatch, file.etag, false)) return { status: 412 };
  const ifNoneMatch = headers('if-none-match');
  if (ifNoneMatch !== null) {
    if (matches(ifNoneMatch, file.etag, true)) return { status: 304 };
  } else if (notModifiedSince(headers('if-modified-since'), file.modificadaEm)) {
    return { status: 304 };
  }
  const range = headers('range');
  if (range === null || !rangeStillHolds(headers('if-range'), file)) return { status: 200 };
  return readRange(range, file.bytes);
}

/** What does not follow the grammar is ignored, as if it were not there; what does and lies outside is 416. */
function readRange(header: string, bytes: number): Entrega {
  const [, list] = /^bytes\s*=\s*(.+)$/i.exec(header.trim()) ?? [];
  if (list === undefined) return { status: 200 };
  const specs = list.split(',').map((part) => part.trim());
  if (specs.length > rangesMax) return { status: 200 };
  const faixas: Faixa[] = [];
  for (const spec of specs) {
    const range = readSpec(spec, bytes);
    if (range === null) return { status: 200 };
    if (range.inicio <= range.fim) faixas.push(range);
  }
  if (faixas.length === 0) return { status: 416 };
  // Overlapping parts would let a small request ask for many times the file.
  const total = faixas.reduce((sum, { inicio, fim }) => sum + fim - inicio + 1, 0);
  return total > bytes ? { status: 200 } : { status: 206, faixas };
}

/** One range; null when it is none. One that begins after the end comes back with `inicio > fim`. */
function readSpec(spec: string, bytes: number): Faixa | null {
  const match = /^(\d*)-(\d*)$/.exec(spec);
  const [, first = '', last = ''] = match ?? [];
  if (!match || (first === '' && last === '') || first.length > digitsMax || last.length > digitsMax) return null;
  if (first === '')
    return { inicio: Math.max(0, bytes - Number(last)), fim: last === '' || Number(last) === 0 ? -1 : bytes - 1 };
  if (last !== '' && Number(last) < Number(first)) return null;
  const fim = last === '' ? bytes - 1 : Math.min(Number(last), bytes - 1);
  return { inicio: Number(first), fim };
}

/** Only the same file, named by a strong tag or its exact date, can be continued. */
function rangeStillHolds(ifRange: string | null, { etag, modificadaEm }: Representation): boolean {
  if (ifRange === null) return true;
  const wanted = ifRange.trim();
  return wanted.startsWith('"') ? wanted === etag : Date.parse(wanted) === toSeconds(modificadaEm);
}

function matches(header: string, etag: string, weak: boolean): boolean {
  if (header.trim() === '*') return true;
  return header.split(',').some((part) => {
    const tag = part.trim();
    return tag === etag || (weak && tag === `W/${etag}`);
  });
}

function notModifiedSince(header: string | null, modificadaEm: number): boolean {
  const since = header === null ? Number.NaN : Date.parse(header);
  return !Number.isNaN(since) && toSeconds(modificadaEm) <= since;
}

/** Dates in headers have no fractions of a second. */
function toSeconds(epochMs: number): number {
  return Math.floor(epochMs / 1000) * 1000;
}
