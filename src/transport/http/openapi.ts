/** The OpenAPI document and its page, by @elysiajs/swagger, with every asset from the executable. */

import { swagger } from '@elysiajs/swagger';
import { Elysia } from 'elysia';
import { scalarScript } from '../../native/assets';
import { version } from '../../native/build-info';
import { problemSchema } from './kit/wire';

const pagePath = '/swagger';
/** Where the plugin puts its own page, which nobody is shown. */
const pluginPath = '/swagger/plugin';
const documentPath = '/swagger/json';
const scriptPath = '/swagger/scalar.js';

/** `/swagger` and `/swagger/json` of the app it is used by. */
export function openApiRoutes() {
  return new Elysia({ name: 'openapi' })
    .onAfterHandle(({ path, responseValue }) => (path === documentPath ? completeDocument(responseValue) : undefined))
    .use(
      swagger({
        path: pluginPath,
        scalarCDN: scriptPath,
        specPath: documentPath,
        excludeStaticFile: false,
        exclude: [pagePath, pluginPath, documentPath, scriptPath, '/', '/docs'],
        documentation: {
          // TypeBox writes JSON Schema, and 3.1 is the first version that takes all of it.
          openapi: '3.1.0',
          info: {
            title: 'narcidicontrol',
            version,
            description:
              'Clientes, licenças, máquinas e versões do que uma software house vende. Horas em UTC (RFC 3339), dinheiro em centavos.',
            license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
          },
          servers: [{ url: '/', description: 'Este servidor' }],
          tags: [
            { name: 'Acesso', description: 'Entrar, renovar, sair; usuários, perfis e chaves de API' },
            { name: 'Auditoria', description: 'Quem fez o quê, quando e de onde' },
            { name: 'Clientes', description: 'Quem compra' },
            { name: 'Licenças', description: 'O que foi vendido' },
            { name: 'Chave de licença', description: 'Chamadas cuja credencial é a própria chave' },
            { name: 'Produtos e planos', description: 'O que se vende' },
            { name: 'Faturas', description: 'O que se cobra' },
            { name: 'Máquinas', description: 'Onde o software roda' },
            { name: 'Eventos', description: 'O que aconteceu, ao vivo e por webhook' },
            { name: 'Versões', description: 'O que se publica e quem baixa' },
            { name: 'Alertas', description: 'O que pede atenção, e quando' },
            { name: 'Sistema', description: 'Saúde e chaves públicas' },
          ],
          components: {
            securitySchemes: {
              bearer: { type: 'http', scheme: 'bearer', description: 'Token de acesso, ou o token da própria máquina' },
              oauth2: {
                type: 'oauth2',
                flows: {
                  password: { tokenUrl: '/api/v1/auth/token', refreshUrl: '/api/v1/auth/token', scopes: {} },
                  clientCredentials: { tokenUrl: '/api/v1/auth/token', scopes: {} },
                },
              },
            },
          },
        },
      }),
    )
    .get(pagePath, referencePage, { detail: { hide: true } })
    .get(
      scriptPath,
      () => {
        const { body, type, etag } = scalarScript();
        return new Response(body(), {
          headers: {
            'content-type': type,
            'content-encoding': 'br',
            'cache-control': 'public, max-age=86400',
            etag,
          },
        });
      },
      { detail: { hide: true } },
    );
}

/**
 * The plugin's own page keeps its settings in a script element that only holds data. Here that element says so, for the
 * content security policy would take it for an inline script.
 */
function referencePage(): Response {
  const configuration = JSON.stringify({ withDefaultFonts: false, telemetry: false });
  const html = `<!doctype html>
<html lang="pt-BR">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>narcidicontrol: API</title>
<style>body { margin: 0 }</style></head>
<body>
<script id="api-reference" type="application/json" data-url="${documentPath}" data-configuration="${Bun.escapeHTML(configuration)}"></script>
<script src="${scriptPath}"></script>
</body></html>`;
  return new Response(html, { headers: { 'content-type': 'text/html; charset=utf-8' } });
}

interface Operation {
  requestBody?: { content?: Content };
  responses?: Record<string, { description?: string; content?: Content }>;
  security?: unknown[];
  operationId?: string;
}

type Content = Record<string, unknown>;

const methods = ['get', 'post', 'put', 'delete', 'patch'];
const publicOperations = new Set([
  'ativarPorChave',
  'desativarPorChave',
  'verificarLicenca',
  'verificarLicencas',
  'concluirSetup',
  'pedirNovaSenha',
  'redefinirSenha',
  'entrarNoNavegador',
  'renovarNoNavegador',
  'sairDoNavegador',
  'registrarMaquina',
  'verificarAtualizacao',
  'baixarVersao',
  'feedElectron',
  'feedTauri',
  'feedTauriEstatico',
  'arquivoDoFeedElectron',
  'arquivoDoFeedTauri',
]);
const descriptions: Readonly<Record<string, string>> = { '200': 'Feito', '201': 'Criado', '204': 'Feito, sem corpo' };

/**
 * Mends what the plugin cannot know: one content type a body, the security of each route, and the problem document that
 * any call may answer with.
 */
function completeDocument(document: unknown): unknown {
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

/** A choice of constants as one `enum`, which generators turn into one type. */
function enumerate(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(enumerate);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).map(([name, value]): [string, unknown] => [name, enumerate(value)]);
  const { anyOf, const: constant, ...rest } = Object.fromEntries(entries);
  if (constant !== undefined) return { ...rest, enum: [constant] };
  if (!Array.isArray(anyOf)) return anyOf === undefined ? rest : { ...rest, anyOf };
  // Elysia lets a query's numbers and flags come as text; callers need only know what they mean.
  const meant = anyOf.filter(
    (one: { format?: string }) => !['integer', 'numeric', 'boolean'].includes(one.format ?? ''),
  );
  const [only] = meant;
  if (meant.length === 1) return { ...only, ...rest };
  const values = meant.flatMap((one: { enum?: unknown[] }) => one.enum ?? []);
  return values.length === meant.length ? { ...rest, type: 'string', enum: values } : { ...rest, anyOf: meant };
}

function completeOperation(operation: Operation): void {
  if (operation.requestBody?.content) operation.requestBody.content = oneType(operation.requestBody.content);
  for (const [status, response] of Object.entries(operation.responses ?? {})) {
    response.description ??= descriptions[status] ?? 'Resposta';
    if (response.content) response.content = oneType(response.content);
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

/** The plugin lists every content type Elysia could read or write; the API speaks JSON. */
function oneType(content: Content): Content {
  return 'application/json' in content ? { 'application/json': content['application/json'] } : content;
}
