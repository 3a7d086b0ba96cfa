/** The page behind the set-up address: a form that works without script, until the web UI's wizard takes its place. */

import { Elysia } from 'elysia';
import { Problem } from '../../core/problem';
import { anonymous } from '../../transport/http/kit/context';
import { readBytes } from '../../transport/http/kit/json-body';
import type { Administrador } from './administrador.service';
import { plainPage } from './pagina.http';

const formBytesMax = 16 * 1024;

export function setupPages(administrador: Administrador) {
  return new Elysia({ prefix: '/setup' })
    .get('/', async ({ query }) => plainPage(await formOrDone(administrador, query.codigo ?? '', '')), {
      detail: { hide: true },
    })
    .post(
      '/',
      async ({ request }) => {
        const form = new URLSearchParams(new TextDecoder().decode(await readBytes(request, formBytesMax)));
        const field = (name: string): string => form.get(name) ?? '';
        const codigo = field('codigo');
        try {
          await administrador.concluirSetup(anonymous(request), {
            codigo,
            email: field('email'),
            senha: field('senha'),
            nome: field('nome').trim() || 'Administrador',
          });
        } catch (error) {
          if (!(error instanceof Problem)) throw error;
          return plainPage(await formOrDone(administrador, codigo, error.message), error.status);
        }
        return plainPage(
          '<h1>Pronto</h1><p>O administrador foi criado. A API está em <a href="/swagger">/swagger</a>.</p>',
          201,
        );
      },
      { parse: 'none', detail: { hide: true } },
    );
}

async function formOrDone(administrador: Administrador, codigo: string, erro: string): Promise<string> {
  if (await administrador.exists()) return '<h1>Já configurado</h1><p>Este servidor já tem um administrador.</p>';
  return `<h1>Primeiro acesso</h1>
${erro ? `<p role="alert"><strong>${Bun.escapeHTML(erro)}</strong> Nada foi gravado; corrija e envie de novo.</p>` : ''}
<form method="post" action="/setup">
<p><label>Código<br><input name="codigo" value="${Bun.escapeHTML(codigo)}" required autocomplete="off"></label></p>
<p><label>Seu nome<br><input name="nome" required autocomplete="name"></label></p>
<p><label>E-mail<br><input name="email" type="email" required autocomplete="email"></label></p>
<p><label>Senha (8 caracteres ou mais)<br><input name="senha" type="password" minlength="8" required autocomplete="new-password"></label></p>
<p><button>Criar administrador</button></p>
</form>`;
}
