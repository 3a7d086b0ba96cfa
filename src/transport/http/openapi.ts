/** The OpenAPI document and its page, by @elysiajs/swagger, with every asset from the executable. */

import { swagger } from '@elysiajs/swagger';
import { Elysia } from 'elysia';
import { scalarScript } from '../../native/assets';
import { version } from '../../native/build-info';
import { problemSchema } from './kit/wire';

const scriptPath = '/swagger/scalar.js';

/** `/swagger` and `/swagger/json` of the app it is used by. */
export function openApiRoutes() {
  return new Elysia({ name: 'openapi' })
    .use(
      swagger({
        path: '/swagger',
        scalarCDN: scriptPath,
        // The page would otherwise fetch fonts and report its use elsewhere.
        scalarConfig: { withDefaultFonts: false, telemetry: false, spec: { url: '/swagger/json' } } as never,
        excludeStaticFile: false,
        exclude: ['/swagger', '/swagger/json', scriptPath, '/', '/docs'],
        documentation: {
          openapi: '3.0.3',
          info: {
            title: 'narcidicontrol',
            version,
            description:
              'Clientes, licenças, máquinas e versões do que uma software house vende. Horas em UTC (RFC 3339), dinheiro em centavos.',
            license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
          },
          servers: [{ url: '/', description: 'Este servidor' }],
          tags: [
            { name: 'Acesso', description: 'Entrar, renovar, sair' },
            { name: 'Clientes', description: 'Quem compra' },
            { name: 'Licenças', description: 'O que foi vendido' },
            { name: 'Chave de licença', description: 'Chamadas cuja credencial é a própria chave' },
            { name: 'Máquinas', description: 'Onde o software roda' },
            { name: 'Sistema', description: 'Saúde e chaves públicas' },
          ],
          components: {
            securitySchemes: {
              bearer: { type: 'http', scheme: 'bearer', description: 'Token de acesso, ou o token da própria máquina' },
              oauth2: {
                type: 'oauth2',
                flows: { password: { tokenUrl: '/api/v1/auth/token', refreshUrl: '/api/v1/auth/token', scopes: {} } },
              },
            },
          },
        },
      }),
    )
    .get(
      scriptPath,
      () => {
        const { body, encoding, etag } = scalarScript();
        return new Response(body, {
          headers: {
            'content-type': 'text/javascript; charset=utf-8',
            'content-encoding': encoding,
            'cache-control': 'public, max-age=86400',
            etag,
          },
        });
      },
      { detail: { hide: true } },
    );
}

interface Operation {
  requestBody?: { content?: Record<string, unknown> };
  responses?: Record<string, unknown>;
  security?: unknown[];
  operationId?: string;
}

const methods = ['get', 'post', 'put', 'delete', 'patch'];
const publicOperations = new Set([
  'ativarPorChave',
  'desativarPorChave',
  'verificarLicenca',
  'concluirSetup',
  'obterToken',
  'revogarToken',
  'chavesPublicas',
  'registrarMaquina',
]);

/**
 * Mends what the plugin cannot know: one content type a body, the security of each route, and the problem document that
 * any call may answer with.
 */
export function completeDocument(document: unknown): unknown {
  const copy = enumerate(document) as {
    paths?: Record<string, Record<string, Operation>>;
    components?: { schemas?: Record<string, unknown> };
  };
  for (const path of Object.values(copy.paths ?? {})) {
    for (const [method, operation] of Object.entries(path)) {
      if (methods.includes(method)) completeOperation(operation);
    }
  }
  copy.components = { ...copy.components, schemas: { ...copy.components?.schemas, Problema: problemSchema } };
  return copy;
}

/** A choice of constants as the `enum` that OpenAPI 3.0 knows; `const` came with 3.1. */
function enumerate(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(enumerate);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).map(([name, value]): [string, unknown] => [name, enumerate(value)]);
  const { anyOf, const: constant, ...rest } = Object.fromEntries(entries);
  if (constant !== undefined) return { ...rest, enum: [constant] };
  if (!Array.isArray(anyOf)) return anyOf === undefined ? rest : { ...rest, anyOf };
  const values = anyOf.flatMap(
    (one: { enum?: unknown[]; type?: unknown }) => (one.type === 'string' && one.enum) || [],
  );
  if (values.length === anyOf.length) return { ...rest, type: 'string', enum: values };
  const some = anyOf.filter((one: { type?: unknown }) => one.type !== 'null');
  if (some.length === anyOf.length) return { ...rest, anyOf };
  return some.length === 1 ? { ...some[0], ...rest, nullable: true } : { ...rest, anyOf: some, nullable: true };
}

function completeOperation(operation: Operation): void {
  const content = operation.requestBody?.content;
  if (operation.requestBody && content && 'application/json' in content) {
    operation.requestBody.content = { 'application/json': content['application/json'] };
  }
  operation.security ??= publicOperations.has(operation.operationId ?? '') ? [] : [{ bearer: [] }];
  operation.responses = {
    ...operation.responses,
    default: {
      description: 'Falha, como documento de problema',
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problema' } } },
    },
  };
}
