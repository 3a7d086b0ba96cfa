/** A report as a page of its own: nothing is loaded from elsewhere, and it prints well. */

import type { Secao } from './relatorios.model';

const style = `:root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}
body{max-width:50rem;margin:2rem auto;padding:0 1rem}h1{font-size:1.4rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}
table{border-collapse:collapse;width:100%}td,th{padding:.25rem .75rem .25rem 0;text-align:left;border-top:1px solid #8884}
td.n{text-align:right;font-variant-numeric:tabular-nums}svg text{font:12px system-ui,sans-serif;fill:currentColor}`;

const barHeight = 22;
const labelWidth = 150;
const barsWidth = 380;

export function relatorioHtml(titulo: string, secoes: readonly Secao[]): string {
  return `<!doctype html>
<html lang="pt-BR"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(titulo)}</title><style>${style}</style></head>
<body><h1>${escaped(titulo)}</h1>
${secoes.map(section).join('\n')}
</body></html>`;
}

function section({ titulo, linhas, grafico, tabela }: Secao): string {
  const figures = linhas.map(
    ({ rotulo, valor }) => `<tr><td>${escaped(rotulo)}</td><td class="n">${escaped(valor)}</td></tr>`,
  );
  return `<section><h2>${escaped(titulo)}</h2>
${figures.length > 0 ? `<table>${figures.join('')}</table>` : ''}
${chart(grafico)}
${tabela === null ? '' : table(tabela)}</section>`;
}

function chart(bars: Secao['grafico']): string {
  const most = Math.max(0, ...bars.map(({ valor }) => valor));
  if (most === 0) return '';
  const rows = bars.map(({ rotulo, valor }, n) => {
    const width = Math.round((valor / most) * barsWidth);
    const y = n * barHeight;
    return `<text x="0" y="${y + 15}">${escaped(rotulo.slice(0, 24))}</text><rect x="${labelWidth}" y="${y + 3}" width="${width}" height="${barHeight - 6}" rx="2" fill="#4263eb"/><text x="${labelWidth + width + 6}" y="${y + 15}">${valor}</text>`;
  });
  const height = bars.length * barHeight;
  return `<svg role="img" width="100%" viewBox="0 0 ${labelWidth + barsWidth + 70} ${height}" xmlns="http://www.w3.org/2000/svg">${rows.join('')}</svg>`;
}

function table({ colunas, linhas }: NonNullable<Secao['tabela']>): string {
  const head = colunas.map((coluna) => `<th>${escaped(coluna)}</th>`).join('');
  const rows = linhas.map((cells) => `<tr>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`);
  return `<table><thead><tr>${head}</tr></thead>${rows.join('')}</table>`;
}

function escaped(text: string): string {
  return Bun.escapeHTML(text);
}
