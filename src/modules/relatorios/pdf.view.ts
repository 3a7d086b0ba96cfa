/** A report as a PDF, A4, with bars drawn. The fonts are the fourteen that every reader has. */

import { PDFDocument, type PDFFont, type PDFPage, rgb, StandardFonts } from 'pdf-lib';
import type { Secao } from './relatorios.model';

const a4 = { width: 595.28, height: 841.89 };
const margin = 50;
const lineHeight = 16;
const textSize = 10;
const labelWidth = 190;
const barsWidth = 240;
const charactersMax = 60;
const blue = rgb(0.26, 0.39, 0.92);
const grey = rgb(0.35, 0.35, 0.4);

interface Pen {
  document: PDFDocument;
  plain: PDFFont;
  bold: PDFFont;
  page: PDFPage;
  y: number;
}

/** @param criadoEm epoch milliseconds; the document bears it, so that the same report gives the same file. */
export async function relatorioPdf(titulo: string, secoes: readonly Secao[], criadoEm: number): Promise<Uint8Array> {
  const document = await PDFDocument.create();
  document.setTitle(titulo);
  document.setLanguage('pt-BR');
  document.setProducer('narcidicontrol');
  document.setCreationDate(new Date(criadoEm));
  document.setModificationDate(new Date(criadoEm));
  const pen: Pen = {
    document,
    plain: await document.embedFont(StandardFonts.Helvetica),
    bold: await document.embedFont(StandardFonts.HelveticaBold),
    page: document.addPage([a4.width, a4.height]),
    y: a4.height - margin,
  };
  write(pen, titulo, { x: margin, size: 15, font: pen.bold });
  pen.y -= lineHeight * 1.5;
  for (const secao of secoes) drawSection(pen, secao);
  return document.save();
}

function drawSection(pen: Pen, { titulo, linhas, grafico, tabela }: Secao): void {
  // A heading does not stand alone at the foot of a page.
  room(pen, 4 * lineHeight);
  pen.y -= lineHeight / 2;
  write(pen, titulo, { x: margin, size: 12, font: pen.bold });
  pen.y -= lineHeight * 1.2;
  for (const { rotulo, valor } of linhas) {
    room(pen, lineHeight);
    write(pen, rotulo, { x: margin, size: textSize, font: pen.plain, color: grey });
    write(pen, valor, { x: margin + labelWidth, size: textSize, font: pen.plain });
    pen.y -= lineHeight;
  }
  drawBars(pen, grafico);
  if (tabela !== null) drawTable(pen, tabela);
}

function drawBars(pen: Pen, bars: Secao['grafico']): void {
  const most = Math.max(0, ...bars.map(({ valor }) => valor));
  if (most === 0) return;
  for (const { rotulo, valor } of bars) {
    room(pen, lineHeight);
    const width = (valor / most) * barsWidth;
    write(pen, rotulo, { x: margin, size: textSize, font: pen.plain, color: grey });
    pen.page.drawRectangle({ x: margin + labelWidth, y: pen.y - 2, width, height: lineHeight - 6, color: blue });
    write(pen, String(valor), { x: margin + labelWidth + width + 6, size: textSize, font: pen.plain });
    pen.y -= lineHeight;
  }
}

function drawTable(pen: Pen, { colunas, linhas }: NonNullable<Secao['tabela']>): void {
  const width = (a4.width - 2 * margin) / colunas.length;
  for (const [n, cells] of [colunas, ...linhas].entries()) {
    room(pen, lineHeight);
    for (const [column, cell] of cells.entries()) {
      write(pen, cell, { x: margin + column * width, size: textSize - 1, font: n === 0 ? pen.bold : pen.plain });
    }
    pen.y -= lineHeight;
  }
}

function room(pen: Pen, height: number): void {
  if (pen.y - height > margin) return;
  pen.page = pen.document.addPage([a4.width, a4.height]);
  pen.y = a4.height - margin;
}

interface Style {
  x: number;
  size: number;
  font: PDFFont;
  color?: ReturnType<typeof rgb>;
}

function write({ page, y }: Pen, text: string, style: Style): void {
  page.drawText(encodable(text, style.font), { ...style, y });
}

/** The standard fonts know Western letters only: what they lack is shown as a question mark. */
function encodable(text: string, font: PDFFont): string {
  const known = new Set(font.getCharacterSet());
  return [...text.slice(0, charactersMax * 2)].map((one) => (known.has(one.codePointAt(0) ?? 0) ? one : '?')).join('');
}
