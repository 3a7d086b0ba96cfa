/** `/auth` and `/setup` over HTTP. */

import { Elysia, t } from 'elysia';
import { rfc3339 } from '../../core/clock';
import { anonymous } from '../../transport/http/kit/context';
import { readBytes } from '../../transport/http/kit/json-body';
import type { Platform } from '../../transport/http/kit/platform';
import { docs, line, textOrNull, timestamp, uuid } from '../../transport/http/kit/wire';
import { type Acesso, OAuthError } from './acesso.service';
import type { Administrador } from './administrador.service';

const tag = 'Acesso';
const formBytesMax = 16 * 1024;

const tokenSchema = t.Object({
  access_token: t.String(),
  token_type: t.Literal('bearer'),
  expires_in: t.Integer(),
  refresh_token: t.String(),
  scope: t.String(),
});

const tokenForm = t.Object({
  grant_type: t.String({ examples: ['password'] }),
  username: t.Optional(t.String({ examples: ['admin@exemplo.com.br'] })),
  password: t.Optional(t.String()),
  otp: t.Optional(t.String()),
  refresh_token: t.Optional(t.String()),
});

const usuarioSchema = t.Object({
  id: uuid,
  nome: t.String(),
  email: t.String(),
  ativo: t.Boolean(),
  criado_em: timestamp,
  perfil: t.Object({ id: t.String(), nome: t.String() }),
  permissoes: t.Array(t.String()),
});

/** What the document tells of a form body, which is read by hand. */
function formDocument(schema: object) {
  return { requestBody: { required: true, content: { 'application/x-www-form-urlencoded': { schema } } } };
}

export function authRoutes(platform: Platform, acesso: Acesso) {
  return new Elysia({ prefix: '/auth' })
    .use(platform)
    .post(
      '/token',
      async ({ request, set }) => {
        const form = await readForm(request);
        set.headers['cache-control'] = 'no-store';
        const actor = anonymous(request);
        switch (form.get('grant_type')) {
          case 'password':
            return acesso.entrar(
              actor,
              field(form, 'username'),
              field(form, 'password'),
              request.headers.get('user-agent'),
            );
          case 'refresh_token':
            return acesso.renovar(actor, field(form, 'refresh_token'));
          case null:
            throw new OAuthError('invalid_request', 'Falta grant_type.');
          default:
            throw new OAuthError('unsupported_grant_type', 'Use password ou refresh_token.');
        }
      },
      {
        parse: 'none',
        response: { 200: tokenSchema },
        detail: {
          ...docs(tag, 'obterToken', 'Entra ou renova o acesso (OAuth 2, RFC 6749)'),
          ...formDocument(tokenForm),
          security: [],
        },
      },
    )
    .post(
      '/revoke',
      async ({ request }) => {
        await acesso.revogar(anonymous(request), field(await readForm(request), 'token'));
        return {};
      },
      {
        parse: 'none',
        response: { 200: t.Object({}) },
        detail: {
          ...docs(tag, 'revogarToken', 'Encerra a sessão de um token (RFC 7009)'),
          ...formDocument(t.Object({ token: t.String() })),
          security: [],
        },
      },
    )
    .get(
      '/me',
      async ({ ator }) => {
        const { usuario, perfil } = await acesso.eu(await ator());
        const { id, nome, email, ativo, criado_em } = usuario;
        return {
          ...{ id, nome, email, ativo, criado_em: rfc3339(criado_em) },
          perfil: { id: perfil.id, nome: perfil.nome },
          permissoes: perfil.permissoes,
        };
      },
      {
        acesso: 'usuario',
        response: { 200: usuarioSchema },
        detail: docs(tag, 'quemSouEu', 'O usuário, seu perfil e suas permissões'),
      },
    );
}

export function setupRoutes(platform: Platform, administrador: Administrador) {
  return new Elysia({ prefix: '/setup' }).use(platform).post(
    '/',
    async ({ body, request, set }) => {
      const usuario = await administrador.concluirSetup(anonymous(request), body);
      set.status = 201;
      return { id: usuario.id, nome: usuario.nome, email: usuario.email };
    },
    {
      acesso: 'publico',
      body: t.Object({
        codigo: t.String({ maxLength: 64 }),
        email: t.String({ format: 'email', maxLength: 254 }),
        senha: t.String({ minLength: 8, maxLength: 256 }),
        nome: line(200, { minLength: 1 }),
      }),
      response: { 201: t.Object({ id: uuid, nome: t.String(), email: textOrNull }) },
      detail: docs(tag, 'concluirSetup', 'Cria o primeiro administrador com o código impresso na partida'),
    },
  );
}

async function readForm(request: Request): Promise<URLSearchParams> {
  const type = request.headers.get('content-type') ?? '';
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) {
    throw new OAuthError('invalid_request', 'Envie o corpo como application/x-www-form-urlencoded.');
  }
  return new URLSearchParams(new TextDecoder().decode(await readBytes(request, formBytesMax)));
}

/** A field of the form, given exactly once (RFC 6749, 3.2). */
function field(form: URLSearchParams, name: string): string {
  const values = form.getAll(name);
  const [value] = values;
  if (values.length !== 1 || !value)
    throw new OAuthError('invalid_request', `O parâmetro ${name} é obrigatório, uma vez só.`);
  return value;
}
