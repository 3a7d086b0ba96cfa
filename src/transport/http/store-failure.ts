/** A store that fails is told by what is wrong with it; reads and verification go on from what still reads. */

import { Problem } from '../../core/problem';

/** SQLite's result codes by their beginning, LMDB's and the operating system's by name or message. */
const failures: readonly { pattern: RegExp; problem: () => Problem }[] = [
  {
    pattern: /SQLITE_FULL|ENOSPC|EDQUOT|MDB_MAP_FULL|disk is full|no space left/i,
    problem: () =>
      new Problem('ARMAZENAMENTO_CHEIO', { detalhe: 'Nada foi gravado: o disco está cheio. Libere espaço e repita.' }),
  },
  {
    pattern: /SQLITE_(BUSY|LOCKED)/,
    problem: () =>
      new Problem('INDISPONIVEL', {
        detalhe: 'O banco está ocupado por outro programa. Repita.',
        headers: { 'Retry-After': '2' },
      }),
  },
  {
    pattern: /SQLITE_READONLY|EROFS/,
    problem: () => new Problem('INDISPONIVEL', { detalhe: 'O disco não aceita gravação.' }),
  },
  {
    pattern: /SQLITE_(CORRUPT|NOTADB)|MDB_(CORRUPTED|PAGE_NOTFOUND|INVALID)/,
    problem: () =>
      new Problem('INDISPONIVEL', {
        detalhe: 'Os dados estão danificados: rode narcidicontrol doctor e restaure um backup.',
      }),
  },
  {
    pattern: /SQLITE_IOERR|SQLITE_CANTOPEN|\bEIO\b/,
    problem: () => new Problem('INDISPONIVEL', { detalhe: 'O disco falhou ao ler ou gravar.' }),
  },
];

/** The problem of a store's failure, or null when the failure is none of a store. */
export function storeProblem(error: unknown): Problem | null {
  if (!(error instanceof Error)) return null;
  const code = 'code' in error ? String(error.code) : '';
  const text = `${code} ${error.message}`;
  return failures.find(({ pattern }) => pattern.test(text))?.problem() ?? null;
}
