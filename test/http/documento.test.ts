/**
 * The OpenAPI document, by an independent linter: Redocly's strictest set of recommended rules, and some it leaves to choice.
 * Examples are checked against their schemas by the linter, and those of what creates something are sent to the server.
 */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { type Answer, startServer, type TestServer } from '../support/app';

interface Operation {
  operationId: string;
  summary?: string;
  tags: string[];
  responses: Record<string, { content?: Record<string, { example?: unknown }> }>;
  requestBody?: { content: Record<string, { example?: unknown }> };
}

let server: TestServer;
let source: string;
let operations: Map<string, Operation>;
beforeAll(async () => {
  server = await startServer();
  source = await (await fetch(`${server.url}/swagger/json`)).text();
  const { paths } = JSON.parse(source) as { paths: Record<string, Record<string, Operation>> };
  const all = Object.values(paths).flatMap((item) => Object.values(item));
  operations = new Map(all.map((operation) => [operation.operationId, operation]));
});
afterAll(() => server.stop());

const rules = {
  // `/licencas/ativar/{chave}` beside `/licencas/{id}/arquivo` is the wire contract: the router takes the fixed segment first,
  // and no id, a UUID, is ever one of those words.
  'no-ambiguous-paths': 'off',
  'operation-tag-defined': 'error',
  'operation-singular-tag': 'error',
  'parameter-description': 'error',
  'path-http-verbs-order': 'error',
  'no-duplicated-tag-names': 'error',
  'no-invalid-schema-examples': 'error',
  'no-invalid-parameter-examples': 'error',
  'no-invalid-media-type-examples': 'error',
  'no-required-schema-properties-undefined': 'error',
  'no-schema-type-mismatch': 'error',
  'no-enum-type-mismatch': 'error',
} as const;

describe('the OpenAPI document', () => {
  test('has nothing that Redocly has anything to say about', async () => {
    const config = await createConfig({ extends: ['recommended-strict'], rules });
    const problems = await lintFromString({ source, config });
    expect(problems.map(({ ruleId, message, location }) => `${ruleId} ${location[0]?.pointer}: ${message}`)).toEqual(
      [],
    );
  });

  test('is not clean because nobody looks: a missing summary, tag or answer is told', async () => {
    const document = JSON.parse(source);
    const operation = document.paths['/api/v1/clientes'].post;
    delete operation.summary;
    operation.tags = ['Inexistente'];
    operation.requestBody.content['application/json'].example = { nome: 7 };
    const config = await createConfig({ extends: ['recommended-strict'], rules });
    const problems = await lintFromString({ source: JSON.stringify(document), config });
    const told = new Set(problems.map(({ ruleId }) => ruleId));
    expect([...told].sort()).toEqual(['no-invalid-media-type-examples', 'operation-summary', 'operation-tag-defined']);
  });

  test('shows an example of each body that is sent or answered', () => {
    const without = [...operations.values()].flatMap(({ operationId, requestBody, responses }) => {
      const bodies = [requestBody, ...Object.entries(responses).flatMap(([status, one]) => (status < '3' ? one : []))];
      const media = bodies.flatMap((body) => Object.entries(body?.content ?? {}));
      return media
        .filter(([type, { example }]) => example === undefined && !/octet-stream|pdf/.test(type))
        .map(([type]) => `${operationId} ${type}`);
    });
    expect(without).toEqual([]);
  });

  test('tells of each call how it fails', () => {
    const of = (operationId: string) => Object.keys(operations.get(operationId)?.responses ?? {});
    expect(of('obterCliente')).toEqual(['200', '400', '401', '403', '404', '422', '429', 'default']);
    expect(of('ativarPorChave')).toEqual(['200', '201', '400', '403', '404', '409', '413', '422', '429', 'default']);
    expect(of('editarPlano')).toContain('412');
    expect(of('livez')).toEqual(['200', '400', 'default']);
  });

  test('shows bodies that the server takes', async () => {
    const example = (operationId: string): object => {
      const [media] = Object.values(operations.get(operationId)?.requestBody?.content ?? {});
      if (typeof media?.example !== 'object' || media.example === null)
        throw new Error(`${operationId} has no example`);
      return media.example;
    };
    const create = async (path: string, operationId: string, more: object = {}): Promise<Answer['body']> => {
      const { status, body } = await server.call('POST', path, { ...example(operationId), ...more });
      expect({ operationId, status, body }).toMatchObject({ status: 201 });
      return body;
    };
    const { id: cliente_id } = await create('/clientes', 'criarCliente');
    const licenca = await create('/licencas', 'criarLicenca', { cliente_id });
    await create(`/licencas/ativar/${licenca.chave}`, 'ativarPorChave');
    await create('/maquinas', 'registrarMaquina', { cliente_id, licenca_id: licenca.id, impressao: 'outra' });
    await create('/produtos', 'criarProduto');
    await create('/planos', 'criarPlano');
    await create('/perfis', 'criarPerfil');
    await create('/chaves-api', 'criarChaveApi');
    await create('/webhooks', 'criarWebhook');
    await create('/alertas/regras', 'criarRegra');
    const { status, body } = await server.call('POST', `/licencas/${licenca.id}/renovar`, example('renovarLicenca'));
    expect({ status, body }).toMatchObject({ status: 200 });
  });
});
