/** A report as CSV: section, what, value. */

import { stringify } from 'csv-stringify/sync';
import type { Secao } from './relatorios.model';

export function relatorioCsv(secoes: readonly Secao[]): string {
  const rows: string[][] = [['secao', 'item', 'valor', 'mais']];
  for (const { titulo, linhas, grafico, tabela } of secoes) {
    for (const { rotulo, valor } of linhas) rows.push([titulo, rotulo, valor]);
    const counted = new Set(linhas.map(({ rotulo }) => rotulo));
    for (const { rotulo, valor } of grafico) if (!counted.has(rotulo)) rows.push([titulo, rotulo, String(valor)]);
    for (const cells of tabela?.linhas ?? []) rows.push([titulo, ...cells]);
  }
  // A cell that begins like a formula would be run by a spreadsheet.
  const columns = rows[0]?.length ?? 0;
  return stringify(
    rows.map((row) => [...row, ...Array<string>(Math.max(0, columns - row.length)).fill('')]),
    { escape_formulas: true },
  );
}
