/** `/auth/navegador`: sessions of the web interface, by a cookie that scripts cannot read. */

import { Elysia, t } from 'elysia';
import { Problem } from '../../core/problem';
import { anonymous, contextOf } from '../../transport/http/kit/context';
import type { Platform } from '../../transport/http/kit/platform';
import { docs } from '../../transport/http/kit/wire';
import { emailField, senhaField } from './acesso.schema';
import type { Navegador } from './navegador.service';

const tag = 'Acesso';
const cookieName = 'narcidi_sessao';
const cookiePath = '/api/v1/auth/navegador';

const tokenSchema = t.Object({
  access_token: t.String(),
  token_type: t.Literal('bearer'),
  expires_in: t.Integer(),
  scope: t.String(),
});

export function navegadorRoutes(platform: Platform, navegador: Navegador) {
  return new Elysia({ prefix: '/auth/navegador' })
    .use(platform)
    .post(
      '/',
      async ({ body, request, set }) => {
        requireSameOrigin(request);
        const login = { username: body.email, password: body.senha, otp: body.otp ?? null };
        const agent = request.headers.get('user-agent');
        const { cookie, token } = await navegador.entrar(anonymous(request), login, agent);
        set.headers['set-cookie'] = cookieText(request, cookie, navegador.ttlSeconds);
        return token;
      },
      {
        acesso: 'publico',
        body: t.Object({ email: emailField, senha: senhaField, otp: t.Optional(t.String({ maxLength: 32 })) }),
        response: { 200: tokenSchema },
        detail: docs(
          tag,
          'entrarNoNavegador',
          'Entra pela interface web',
          'A sessão fica num cookie HttpOnly, SameSite=Strict; só este próprio site pode chamar.',
        ),
      },
    )
    .post(
      '/renovar',
      async ({ request }) => {
        requireSameOrigin(request);
        const cookie = readCookie(request);
        if (cookie === null) throw new Problem('NAO_AUTENTICADO');
        return navegador.renovar(anonymous(request), cookie);
      },
      {
        acesso: 'publico',
        response: { 200: tokenSchema },
        detail: docs(tag, 'renovarNoNavegador', 'Novo token de acesso pelo cookie da sessão'),
      },
    )
    .delete(
      '/',
      async ({ request, set }) => {
        requireSameOrigin(request);
        const cookie = readCookie(request);
        if (cookie !== null) await navegador.sair(anonymous(request), cookie);
        set.headers['set-cookie'] = cookieText(request, '', 0);
        set.status = 204;
      },
      {
        acesso: 'publico',
        response: { 204: t.Void() },
        detail: docs(tag, 'sairDoNavegador', 'Encerra a sessão da interface web'),
      },
    );
}

/**
 * Refuses what another site's page has sent. Browsers say where a request comes from in `Sec-Fetch-Site`, older ones in
 * `Origin`; a request that says neither does not come from this site's pages.
 * @throws Problem ORIGEM_RECUSADA
 */
function requireSameOrigin(request: Request): void {
  const site = request.headers.get('sec-fetch-site');
  const origin = request.headers.get('origin');
  if (site !== null ? site === 'same-origin' : origin !== null && hostOf(origin) === request.headers.get('host'))
    return;
  throw new Problem('ORIGEM_RECUSADA');
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}

function readCookie(request: Request): string | null {
  return new Bun.CookieMap(request.headers.get('cookie') ?? '').get(cookieName);
}

function cookieText(request: Request, value: string, maxAge: number): string {
  return new Bun.Cookie(cookieName, value, {
    path: cookiePath,
    httpOnly: true,
    sameSite: 'strict',
    secure: contextOf(request).secure,
    maxAge,
  }).toString();
}
