/** The page behind the address in the mail: a form that works without script. */

import { Elysia } from 'elysia';
import { Problem } from '../../core/problem';
import { anonymous } from '../../transport/http/kit/context';
import { readBytes } from '../../transport/http/kit/json-body';
import { plainPage } from './pagina.http';
import type { Recuperacao } from './recuperacao.service';

const formBytesMax = 16 * 1024;

export function redefinirPages(recuperacao: Recuperacao) {
  return new Elysia({ prefix: '/redefinir' })
    .get('/', ({ query }) => plainPage(form(query.codigo ?? '', '')), { detail: { hide: true } })
    .post(
      '/',
      async ({ request }) => {
        const fields = new URLSearchParams(new TextDecoder().decode(await readBytes(request, formBytesMax)));
        const codigo = fields.get('codigo') ?? '';
        try {
          await recuperacao.redefinir(anonymous(request), codigo, fields.get('senha') ?? '');
        } catch (error) {
          if (!(error instanceof Problem)) throw error;
          return plainPage(form(codigo, error.message), error.status);
        }
        return plainPage(
          '<h1>Pronto</h1><p>A senha foi trocada e todas as sessões foram encerradas. Entre de novo.</p>',
        );
      },
      { parse: 'none', detail: { hide: true } },
    );
}

function form(codigo: string, erro: string): string {
  return `<h1>Nova senha</h1>
${erro ? `<p role="alert"><strong>${Bun.escapeHTML(erro)}</strong></p>` : ''}
<form method="post" action="/redefinir">
<input name="codigo" type="hidden" value="${Bun.escapeHTML(codigo)}">
<p><label>Nova senha (8 caracteres ou mais)<br><input name="senha" type="password" minlength="8" required autocomplete="new-password"></label></p>
<p><button>Trocar a senha</button></p>
</form>`;
}
