/** `/auth` and `/setup` over HTTP. */

import { Elysia, t } from 'elysia';
import { rfc3339 } from '../../core/clock';
import { anonymous } from '../../transport/http/kit/context';
import type { Platform } from '../../transport/http/kit/platform';
import { docs, textOrNull, timestamp, uuid } from '../../transport/http/kit/wire';
import { emailField, nomeField, senhaField } from './acesso.schema';
import type { Acesso } from './acesso.service';
import type { Administrador } from './administrador.service';
import { clientOf, optional, readForm, required } from './oauth.http';
import { OAuthError } from './oauth.model';

const tag = 'Acesso';

const tokenSchema = t.Object({
  access_token: t.String(),
  token_type: t.Literal('bearer'),
  expires_in: t.Integer(),
  refresh_token: t.Optional(t.String({ description: 'Não vem em client_credentials' })),
  scope: t.String(),
});

const tokenForm = t.Object({
  grant_type: t.String({ examples: ['password'] }),
  username: t.Optional(t.String({ examples: ['admin@exemplo.com.br'] })),
  password: t.Optional(t.String()),
  otp: t.Optional(t.String()),
  refresh_token: t.Optional(t.String()),
  client_id: t.Optional(t.String()),
  client_secret: t.Optional(t.String()),
  scope: t.Optional(t.String({ description: 'Permissões separadas por espaço; sem ele, todas as que se tem' })),
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
        set.headers.pragma = 'no-cache';
        const actor = anonymous(request);
        const scope = optional(form, 'scope');
        switch (required(form, 'grant_type')) {
          case 'password': {
            const login = {
              username: required(form, 'username'),
              password: required(form, 'password'),
              otp: optional(form, 'otp'),
            };
            return acesso.entrar(actor, login, { scope, agente: request.headers.get('user-agent') });
          }
          case 'refresh_token':
            return acesso.renovar(actor, required(form, 'refresh_token'), { scope });
          case 'client_credentials': {
            const { id, secret } = clientOf(request, form);
            return acesso.credenciais(actor, id, secret, scope);
          }
          default:
            throw new OAuthError('unsupported_grant_type', 'Use password, refresh_token ou client_credentials.');
        }
      },
      {
        parse: 'none',
        response: { 200: tokenSchema },
        detail: {
          ...docs(
            tag,
            'obterToken',
            'Entra ou renova o acesso (OAuth 2, RFC 6749)',
            'client_credentials traz a chave de API por HTTP Basic ou no corpo.',
          ),
          ...formDocument(tokenForm),
          security: [],
        },
      },
    )
    .post(
      '/revoke',
      async ({ request }) => {
        await acesso.revogar(anonymous(request), required(await readForm(request), 'token'));
        return {};
      },
      {
        parse: 'none',
        response: { 200: t.Object({}) },
        detail: {
          ...docs(tag, 'revogarToken', 'Encerra a sessão de um token (RFC 7009)'),
          ...formDocument(t.Object({ token: t.String(), token_type_hint: t.Optional(t.String()) })),
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
        email: emailField,
        senha: senhaField,
        nome: nomeField,
      }),
      response: { 201: t.Object({ id: uuid, nome: t.String(), email: textOrNull }) },
      detail: docs(tag, 'concluirSetup', 'Cria o primeiro administrador com o código impresso na partida'),
    },
  );
}
