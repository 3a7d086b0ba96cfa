/** The OpenAPI document and its page, by @elysiajs/swagger, with every asset from the executable. */

import { swagger } from '@elysiajs/swagger';
import { Elysia } from 'elysia';
import { scalarScript } from '../../../native/assets';
import { version } from '../../../native/build-info';

const pagePath = '/swagger';
/** Where the plugin puts its own page, which nobody is shown. */
const pluginPath = '/swagger/plugin';
const documentPath = '/swagger/json';
const scriptPath = '/swagger/scalar.js';

/** `/swagger` and `/swagger/json` of the app it is used by. */
export function openApiRoutes() {
  let document: Promise<string> | null = null;

  /** The routes of a running server do not change: the document is made once, when it is first asked for. */
  async function documentResponse(raw: unknown): Promise<Response> {
    document ??= import('./document').then(({ completeDocument }) => JSON.stringify(completeDocument(raw)));
    return new Response(await document, { headers: { 'content-type': 'application/json' } });
  }

  return new Elysia({ name: 'openapi' })
    .onAfterHandle(({ path, responseValue }) => (path === documentPath ? documentResponse(responseValue) : undefined))
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
            { name: 'Painel', description: 'Contagens, receita e uso' },
            { name: 'Previsões', description: 'Quem pode sair, o que é suspeito, e os modelos que o dizem' },
            { name: 'Relatórios', description: 'Do dia, da semana e do mês' },
            { name: 'Operação', description: 'Tarefas, backups e logs' },
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
