/** A guide as a page that works without script; with it, code can be copied and guides searched. */

import MarkdownIt from 'markdown-it';
import { type Guia, guias, type Lingua, tituloOf } from './guias';

const words = {
  pt: {
    guias: 'Guias',
    buscar: 'Buscar nos guias',
    outra: 'English',
    copiar: 'Copiar',
    painel: 'Abrir o painel',
    pular: 'Pular para o texto',
  },
  en: {
    guias: 'Guides',
    buscar: 'Search the guides',
    outra: 'Português',
    copiar: 'Copy',
    painel: 'Open the dashboard',
    pular: 'Skip to the text',
  },
} as const;

/** The texts are ours, so HTML in them would be a mistake. */
const markdown = new MarkdownIt({ html: false, linkify: true, typographer: true });
markdown.renderer.rules.heading_open = (tokens, index) => {
  const token = tokens[index];
  return `<${token?.tag} id="${anchorOf(tokens[index + 1]?.content ?? '')}">`;
};
markdown.renderer.rules.table_open = () => '<div class="tabela" tabindex="0"><table>';
markdown.renderer.rules.table_close = () => '</table></div>';

/** `Backup e restauração` is `#backup-e-restauracao`, and a code is as in the `type` of its problem document. */
export function anchorOf(heading: string): string {
  return heading
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}

export function enderecoOf(lingua: Lingua, slug: string): string {
  const folder = lingua === 'en' ? '/docs/en' : '/docs';
  return slug === 'inicio' ? folder : `${folder}/${slug}`;
}

export function paginaOf(guia: Guia, lingua: Lingua): string {
  const word = words[lingua];
  const other: Lingua = lingua === 'pt' ? 'en' : 'pt';
  const texto = guia.texto[lingua];
  const links = guias.map(({ slug, texto: each }) => {
    const here = slug === guia.slug ? ' aria-current="page"' : '';
    return `<li><a href="${enderecoOf(lingua, slug)}"${here}>${Bun.escapeHTML(tituloOf(each[lingua]))}</a></li>`;
  });
  return `<!doctype html>
<html lang="${lingua === 'pt' ? 'pt-BR' : 'en'}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${Bun.escapeHTML(tituloOf(texto))} · narcidicontrol</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/estilo.css">
<script src="/docs/guias.js" defer></script>
</head>
<body data-copiar="${word.copiar}" data-lingua="${lingua}">
<a class="pular" href="#texto">${word.pular}</a>
<header><a href="/"><strong>narcidicontrol</strong></a>
<input type="search" id="busca" placeholder="${word.buscar}" aria-label="${word.buscar}" autocomplete="off">
<a href="${enderecoOf(other, guia.slug)}" hreflang="${other}" lang="${other}">${word.outra}</a></header>
<nav aria-label="${word.guias}"><ul id="achados" hidden></ul><ul>${links.join('')}<li><a href="/swagger">API</a></li></ul></nav>
<main id="texto" tabindex="-1">${markdown.render(texto)}</main>
</body>
</html>`;
}

/** What the search looks through: every section, with its address. */
export function indiceOf(lingua: Lingua): { titulo: string; texto: string; href: string }[] {
  return guias.flatMap(({ slug, texto }) => {
    const guide = tituloOf(texto[lingua]);
    return texto[lingua].split(/^(?=#{1,2} )/m).map((section) => {
      const heading = /^#{1,2} (.+)$/m.exec(section)?.[1] ?? guide;
      return {
        titulo: heading === guide ? guide : `${guide}: ${heading}`,
        texto: section.toLowerCase(),
        href: `${enderecoOf(lingua, slug)}#${anchorOf(heading)}`,
      };
    });
  });
}
