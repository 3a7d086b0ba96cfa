/** A mail as it is read: subject, text and HTML from one template, everything inserted escaped. */

import { createTemplates, TemplateError } from '../../core/template';
import type { Email, EmailDados, Idioma } from './emails.model';
import { modelos, palavras } from './textos.view';

const plainLinesMax = 100;
const plainValueCharactersMax = 500;
const subjectCharactersMax = 200;

export interface Mensagem {
  assunto: string;
  texto: string;
  html: string;
}

/** A mail's template: Liquid over `dados`. */
export interface Modelo {
  assunto: string;
  paragrafos: readonly string[];
}

const page = `<!doctype html><html lang="{{ idioma }}"><meta charset="utf-8"><body style="margin:0;background:#f3f4f6;font:15px/1.5 system-ui,sans-serif;color:#111827">
<div style="max-width:600px;margin:24px auto;padding:24px;background:#fff;border-radius:8px">
<h1 style="font-size:18px;margin:0 0 16px">{{ assunto }}</h1>
{% for paragrafo in paragrafos %}<p>{{ paragrafo }}</p>
{% endfor %}{% if linhas.size > 0 %}<table style="border-collapse:collapse;width:100%">{% for linha in linhas %}<tr>
<td style="padding:6px 12px 6px 0;border-top:1px solid #e5e7eb">{{ linha.rotulo }}</td><td style="padding:6px 0;border-top:1px solid #e5e7eb">{{ linha.valor }}</td></tr>
{% endfor %}</table>{% endif %}{% if url %}<p><a href="{{ url }}">{{ abrir }}</a></p>{% endif %}
<p style="color:#6b7280;font-size:12px">{{ rodape }}</p></div></body></html>`;

interface Linha {
  rotulo: string;
  valor: string;
}

/** @returns a function that never fails: a broken template yields a plain listing of what the mail is about. */
export function createMensagens(): (email: Pick<Email, 'modelo' | 'idioma' | 'dados'>) => Mensagem {
  const plain = createTemplates({ forHtml: false });
  const html = createTemplates({ forHtml: true });

  function layOut(
    idioma: Idioma,
    assunto: string,
    paragrafos: string[],
    linhas: Linha[],
    url: string | null,
  ): Mensagem {
    const subject = assunto.replace(/\s+/g, ' ').trim().slice(0, subjectCharactersMax);
    const { abrir, rodape } = palavras[idioma];
    const texto = [
      ...paragrafos,
      linhas.map(({ rotulo, valor }) => `${rotulo}: ${valor}`).join('\n'),
      url ? `${abrir}: ${url}` : '',
      `-- \n${rodape}`,
    ];
    // In HTML line ends would vanish: each line is a paragraph of its own.
    const lines = paragrafos.flatMap((paragrafo) => paragrafo.split('\n'));
    return {
      assunto: subject,
      texto: texto.filter((part) => part !== '').join('\n\n'),
      html: html.render(page, {
        idioma,
        assunto: subject,
        paragrafos: lines,
        linhas,
        url,
        abrir,
        rodape,
      }),
    };
  }

  return ({ modelo, idioma, dados }) => {
    const given = dados ?? {};
    const known = modelos[modelo] ?? (modelo.startsWith('alerta.') ? modelos.alerta : undefined);
    const template = known?.[idioma];
    if (template) {
      try {
        return layOut(
          idioma,
          plain.render(template.assunto, given),
          template.paragrafos.map((text) => plain.render(text, given).trim()).filter((text) => text !== ''),
          linhasOf(given),
          urlOf(given),
        );
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error;
      }
    }
    return layOut(idioma, `narcidicontrol: ${modelo}`, [], listing(given), null);
  };
}

function linhasOf({ linhas }: EmailDados): Linha[] {
  if (!Array.isArray(linhas)) return [];
  return linhas.slice(0, plainLinesMax).map((linha: { rotulo?: unknown; valor?: unknown } | null) => ({
    rotulo: String(linha?.rotulo ?? ''),
    valor: String(linha?.valor ?? ''),
  }));
}

/** Only addresses of the web become links. */
function urlOf({ url }: EmailDados): string | null {
  return typeof url === 'string' && /^https?:\/\//.test(url) ? url : null;
}

function listing(dados: EmailDados): Linha[] {
  return Object.entries(dados)
    .slice(0, plainLinesMax)
    .map(([rotulo, valor]) => ({
      rotulo,
      valor: (typeof valor === 'string' ? valor : JSON.stringify(valor)).slice(0, plainValueCharactersMax),
    }));
}
