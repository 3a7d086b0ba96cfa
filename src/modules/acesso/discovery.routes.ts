/** `/.well-known/oauth-authorization-server`: what OAuth clients can find out by themselves (RFC 8414). */

import { Elysia, t } from 'elysia';
import { acoes, modulos } from '../../core/actor';
import { docs } from '../../transport/http/kit/wire';

const documentSchema = t.Object({
  issuer: t.String(),
  token_endpoint: t.String(),
  revocation_endpoint: t.String(),
  grant_types_supported: t.Array(t.String()),
  response_types_supported: t.Array(t.String()),
  token_endpoint_auth_methods_supported: t.Array(t.String()),
  revocation_endpoint_auth_methods_supported: t.Array(t.String()),
  scopes_supported: t.Array(t.String()),
  service_documentation: t.String(),
});

/** @param publicUrl the address under which this server is reached. */
export function discoveryRoutes(publicUrl: () => string) {
  return new Elysia({ name: 'discovery' }).get(
    '/.well-known/oauth-authorization-server',
    () => {
      const issuer = publicUrl();
      return {
        issuer,
        token_endpoint: `${issuer}/api/v1/auth/token`,
        revocation_endpoint: `${issuer}/api/v1/auth/revoke`,
        grant_types_supported: ['password', 'refresh_token', 'client_credentials'],
        response_types_supported: [],
        token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
        revocation_endpoint_auth_methods_supported: ['none'],
        scopes_supported: ['*:*', ...modulos.flatMap((modulo) => acoes.map((acao) => `${modulo}:${acao}`))],
        service_documentation: `${issuer}/swagger`,
      };
    },
    {
      response: { 200: documentSchema },
      detail: { ...docs('Acesso', 'descobrirOAuth', 'O que o servidor OAuth oferece (RFC 8414)'), security: [] },
    },
  );
}
