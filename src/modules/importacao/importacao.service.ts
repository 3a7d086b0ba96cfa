/**
 * Customers and licences from CSV, streaming: the file goes to the disk while every row is checked, and only then into the
 * database, so that a file of a hundred thousand rows costs little memory and a dry run changes nothing.
 */

import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CsvError, parse } from 'csv-parse';
import type { Actor } from '../../core/actor';
import { type FieldError, Problem } from '../../core/problem';
import type { Tx, UnitOfWork } from '../../storage/sqlite/unit-of-work';

const fileBytesMax = 256 * 1024 ** 2;
const rowsMax = 1_000_000;
const recordBytesMax = 64 * 1024;
const errorsReportedMax = 1_000;
const rowsPerTransaction = 200;

export type CsvRow = Readonly<Record<string, string>>;

/** What is wrong with a row; `linha` counts from 1, the header included, as a spreadsheet shows it. */
export interface RowError {
  linha: number;
  campo: string;
  mensagem: string;
}

export interface ImportReport {
  simulacao: boolean;
  linhas: number;
  validas: number;
  importadas: number;
  total_erros: number;
  /** The first thousand. */
  erros: RowError[];
}

export interface ImportOptions {
  simular: boolean;
  /** Whether one bad row refuses the file, or is left out. */
  modo: 'tudo_ou_nada' | 'pular';
}

/** How rows of one kind become records. */
export interface RowImporter {
  columns: readonly string[];
  /** Checks a row without writing. `seen` lasts for the file: it finds rows that contradict each other. */
  check(row: CsvRow, seen: Set<string>): Promise<void>;
  insert(tx: Tx, row: CsvRow): Promise<void>;
}

interface Dependencies {
  work: UnitOfWork;
  /** Where uploads wait; on the data folder's disk. */
  folder: string;
}

export type Importacao = ReturnType<typeof createImportacao>;

export function createImportacao({ work, folder }: Dependencies) {
  // What a crash left behind; nobody else works in this folder.
  rmSync(folder, { recursive: true, force: true });

  return {
    /**
     * Imports a CSV with a header line.
     * @throws Problem CSV_INVALIDO for what is no such CSV, IMPORTACAO_RECUSADA with the report when `tudo_ou_nada` finds
     * a bad row; CORPO_GRANDE_DEMAIS
     */
    async importar(
      actor: Actor,
      body: ReadableStream<Uint8Array> | null,
      importer: RowImporter,
      { simular, modo }: ImportOptions,
    ): Promise<ImportReport> {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const file = join(folder, `${randomUUID()}.csv`);
      try {
        await save(body, file);
        const report = await checkAll(file, importer, simular);
        if (simular) return report;
        if (modo === 'tudo_ou_nada' && report.total_erros > 0) {
          throw new Problem('IMPORTACAO_RECUSADA', {
            detalhe: `${report.total_erros} linha(s) com erro; nada foi importado.`,
            extra: { relatorio: report },
          });
        }
        const rows = goodRows(file, importer, report);
        if (modo === 'tudo_ou_nada') {
          report.importadas = await work.writeAlone(actor, (tx) => insertAll(tx, rows, importer));
        } else {
          await insertInBatches(actor, rows, importer, report);
        }
        return report;
      } finally {
        rmSync(file, { force: true });
      }
    },
  };

  /** A few rows a transaction, so that nobody else waits long; a row that fails now after all is left out and told. */
  async function insertInBatches(
    actor: Actor,
    rows: AsyncGenerator<{ row: CsvRow; linha: number }>,
    importer: RowImporter,
    report: ImportReport,
  ): Promise<void> {
    let batch: { row: CsvRow; linha: number }[] = [];
    const flush = async (): Promise<void> => {
      const taken = batch;
      batch = [];
      const failed = await work
        .write(actor, async (tx) => {
          for (const { row } of taken) await importer.insert(tx, row);
          return false;
        })
        .catch((error: unknown) => {
          if (error instanceof Problem) return true;
          throw error;
        });
      if (!failed) report.importadas += taken.length;
      else for (const one of taken) await insertOne(actor, one, importer, report);
    };
    for await (const one of rows) {
      batch.push(one);
      if (batch.length >= rowsPerTransaction) await flush();
    }
    if (batch.length > 0) await flush();
  }

  async function insertOne(
    actor: Actor,
    { row, linha }: { row: CsvRow; linha: number },
    importer: RowImporter,
    report: ImportReport,
  ): Promise<void> {
    try {
      await work.write(actor, (tx) => importer.insert(tx, row));
      report.importadas += 1;
    } catch (error) {
      addError(report, linha, error);
    }
  }
}

/** Writes the upload to a file, refusing it as soon as it is too large. */
async function save(body: ReadableStream<Uint8Array> | null, file: string): Promise<void> {
  if (!body) throw new Problem('CSV_INVALIDO', { detalhe: 'O corpo está vazio.' });
  let bytes = 0;
  const limit = new Transform({
    transform(chunk: Uint8Array, _, done: TransformCallback) {
      bytes += chunk.length;
      if (bytes > fileBytesMax) done(new Problem('CORPO_GRANDE_DEMAIS', { detalhe: `Até ${fileBytesMax} bytes.` }));
      else done(null, chunk);
    },
  });
  await pipeline(Readable.fromWeb(body as never), limit, createWriteStream(file, { mode: 0o600 }));
}

/** The rows of the file with their line numbers. @throws Problem CSV_INVALIDO */
async function* readRows(file: string, columns: readonly string[]): AsyncGenerator<{ row: CsvRow; linha: number }> {
  const parser = parse({
    bom: true,
    columns: (header: string[]) => checkHeader(header, columns),
    delimiter: [',', ';'],
    info: true,
    max_record_size: recordBytesMax,
    skip_empty_lines: true,
    trim: true,
  });
  const source = createReadStream(file);
  source.on('error', (error) => parser.destroy(error));
  source.pipe(parser);
  let rows = 0;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: CsvRow; info: { lines: number } }>) {
      rows += 1;
      if (rows > rowsMax) throw new Problem('CSV_INVALIDO', { detalhe: `Mais de ${rowsMax} linhas.` });
      yield { row: record, linha: info.lines };
    }
  } catch (error) {
    if (error instanceof Problem) throw error;
    if (error instanceof CsvError) {
      const where = 'lines' in error && typeof error.lines === 'number' ? ` perto da linha ${error.lines}` : '';
      throw new Problem('CSV_INVALIDO', { detalhe: `O arquivo está malformado${where} (${error.code}).` });
    }
    throw error;
  } finally {
    source.destroy();
  }
}

function checkHeader(header: string[], columns: readonly string[]): string[] {
  const names = header.map((name) => name.trim().toLowerCase());
  const unknown = names.filter((name) => !columns.includes(name));
  if (unknown.length > 0) {
    throw new Problem('CSV_INVALIDO', {
      detalhe: `Colunas desconhecidas: ${unknown.join(', ').slice(0, 200)}. Conhecidas: ${columns.join(', ')}.`,
    });
  }
  return names;
}

async function checkAll(file: string, importer: RowImporter, simulacao: boolean): Promise<ImportReport> {
  const report: ImportReport = { simulacao, linhas: 0, validas: 0, importadas: 0, total_erros: 0, erros: [] };
  const seen = new Set<string>();
  for await (const { row, linha } of readRows(file, importer.columns)) {
    report.linhas += 1;
    try {
      await importer.check(row, seen);
      report.validas += 1;
    } catch (error) {
      addError(report, linha, error);
    }
  }
  return report;
}

/** The rows that passed the check, found by checking again: their numbers would not fit the memory they are spared. */
async function* goodRows(
  file: string,
  importer: RowImporter,
  report: ImportReport,
): AsyncGenerator<{ row: CsvRow; linha: number }> {
  const clean = report.total_erros === 0;
  const seen = new Set<string>();
  for await (const one of readRows(file, importer.columns)) {
    if (clean || (await passes(importer, one.row, seen))) yield one;
  }
}

async function passes(importer: RowImporter, row: CsvRow, seen: Set<string>): Promise<boolean> {
  try {
    await importer.check(row, seen);
    return true;
  } catch (error) {
    if (error instanceof Problem) return false;
    throw error;
  }
}

async function insertAll(tx: Tx, rows: AsyncGenerator<{ row: CsvRow }>, importer: RowImporter): Promise<number> {
  let count = 0;
  for await (const { row } of rows) {
    await importer.insert(tx, row);
    count += 1;
  }
  return count;
}

/** @throws whatever is no expected failure. */
function addError(report: ImportReport, linha: number, error: unknown): void {
  if (!(error instanceof Problem)) throw error;
  report.total_erros += 1;
  if (report.erros.length >= errorsReportedMax) return;
  const [first]: readonly FieldError[] = error.details.erros ?? [];
  report.erros.push({ linha, campo: first?.campo ?? '', mensagem: first?.mensagem ?? error.message });
}
