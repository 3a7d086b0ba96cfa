/** What is outside the API: health, public keys, the front page. */

import { Elysia, t } from 'elysia';
import { version } from '../../native/build-info';
import type { Keyring } from '../../storage/keys/keyring';
import { answers, docs } from './kit/wire';

export interface HealthCheck {
  nome: string;
  /** Throws when the part is not well. */
  check(): Promise<void> | void;
}

const tag = 'Sistema';
const readySchema = t.Object({
  status: t.Union([t.Literal('ok'), t.Literal('indisponivel')]),
  versao: t.String({ examples: [version] }),
  partes: t.Record(t.String(), t.String(), {
    description: 'ok, ou o que há de errado, por parte',
    examples: [{ sqlite: 'ok', lmdb: 'ok' }],
  }),
});
/** RFC 7517 and RFC 8037. */
const jwksSchema = t.Object({
  keys: t.Array(
    t.Object({
      kty: t.String({ examples: ['OKP'] }),
      crv: t.String({ examples: ['Ed25519'] }),
      x: t.String({ examples: ['11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'] }),
      kid: t.String({ examples: ['1a2b3c4d5e6f7081'] }),
      use: t.Literal('sig'),
      alg: t.Literal('EdDSA'),
    }),
  ),
});

/** `/livez`, `/readyz`, the JWKS and the front page. */
export function systemRoutes(keyring: Keyring, checks: readonly HealthCheck[]) {
  return new Elysia({ name: 'system' })
    .get('/livez', () => ({ status: 'ok' as const }), {
      response: { 200: t.Object({ status: t.Literal('ok') }) },
      detail: { ...docs(tag, 'livez', 'O processo está vivo'), security: [] },
    })
    .get(
      '/readyz',
      async ({ set }) => {
        const partes: Record<string, string> = {};
        for (const { nome, check } of checks) {
          try {
            await check();
            partes[nome] = 'ok';
          } catch (error) {
            partes[nome] = error instanceof Error ? error.message : 'falhou';
            set.status = 503;
          }
        }
        return { status: set.status === 503 ? 'indisponivel' : 'ok', versao: version, partes };
      },
      {
        detail: {
          ...docs(tag, 'readyz', 'Cada parte responde; 503 diz qual não'),
          ...readyAnswers(),
          security: [],
        },
      },
    )
    .get('/.well-known/jwks.json', () => keyring.jwks(), {
      detail: {
        ...docs(tag, 'chavesPublicas', 'As chaves que verificam certificados (RFC 7517)'),
        ...answers('As chaves, a mais nova por último', [], jwksSchema),
        security: [],
      },
    })
    .get('/', () => new Response(frontPage(), { headers: { 'content-type': 'text/html; charset=utf-8' } }), {
      detail: { hide: true },
    });
}

function readyAnswers() {
  const { responses } = answers('Tudo responde', [], readySchema);
  return { responses: { ...responses, 503: { ...responses[200], description: 'Algo não responde' } } };
}

function frontPage(): string {
  return `<!doctype html>
<html lang="pt-BR">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>narcidicontrol</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 40rem; margin: 4rem auto; padding: 0 1rem }
code { font-size: .9em }
li { margin: .25rem 0 }
</style></head>
<body>
<h1>narcidicontrol</h1>
<p>Versão ${version}. Controla clientes, licenças, máquinas e versões de uma software house.</p>
<ul>
<li><a href="/swagger">Documentação da API</a> (<a href="/swagger/json">OpenAPI em JSON</a>)</li>
<li><a href="/readyz">Saúde do servidor</a></li>
<li><a href="/.well-known/jwks.json">Chaves públicas dos certificados</a></li>
</ul>
<p>Para entrar pela API: <code>POST /api/v1/auth/token</code>.</p>
</body></html>`;
}
