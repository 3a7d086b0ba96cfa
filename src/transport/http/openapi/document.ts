/**
 * The OpenAPI document, from what the plugin makes of the routes: one content type a body, the security and the failures of each
 * call, examples, names for the entities. It is made when somebody asks for it, and the start of the server knows nothing of it.
 */

import { mediaTypeOf } from './answers';
import { exampleOf, requestExampleOf } from './examples';
import { failuresOf, problemResponses } from './failures';
import { parameterWords } from './parameters';
import type { Document, MediaType, Operation, Parameter, Schema } from './parts';
import { isObject, nameEntities, tidySchemas } from './schemas';

const methods = ['get', 'put', 'post', 'delete', 'patch'];
const descriptions: Readonly<Record<string, string>> = { '200': 'Feito', '201': 'Criado', '204': 'Feito, sem corpo' };
/** Calls that a machine or a licence key may make beside people. */
const alternatives = new Set(['registrarMaquina', 'verificarAtualizacao', 'baixarVersao']);
const authenticated = [{ bearer: [] }, { oauth2: [] }];

/** @param raw the plugin's document. */
export function completeDocument(raw: unknown): Document {
  const document = tidySchemas(raw);
  const paths = new Map<string, Record<string, unknown>>();
  for (const [path, item] of Object.entries(document.paths)) {
    // The slash at the end is optional, and the document speaks of one form.
    const name = path.length > 1 ? path.replace(/\/$/, '') : path;
    paths.set(name, { ...paths.get(name), ...item });
  }
  document.paths = {};
  for (const [path, item] of [...paths].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const present = methods.filter((method) => isObject(item[method]));
    document.paths[path] = Object.fromEntries(
      present.map((method) => [method, completed(path, method, operationIn(item, method))]),
    );
  }
  const schemas = { ...document.components.schemas, ...nameEntities(document) };
  document.components = { ...document.components, schemas, responses: problemResponses() };
  return document;
}

function operationIn(item: Record<string, unknown>, method: string): Operation {
  // The plugin writes operations under the names of methods, and nothing else.
  return item[method] as Operation;
}

function completed(path: string, method: string, operation: Operation): Operation {
  const { 'x-acesso': acesso, operationId, parameters, requestBody, responses, description, ...rest } = operation;
  const security = operation.security ?? securityOf(acesso, operationId);
  const whole: Operation = {
    operationId,
    ...rest,
    ...(description === undefined && acesso === undefined ? {} : { description: described(description, acesso) }),
    security,
    ...(parameters === undefined ? {} : { parameters: parameters.map(completedParameter) }),
    ...(requestBody === undefined ? {} : { requestBody: withRequestExample(requestBody, operationId) }),
    responses: {},
  };
  for (const [status, response] of Object.entries(responses)) {
    whole.responses[status] = {
      ...response,
      description: response.description ?? descriptions[status] ?? 'Resposta',
      ...(response.content ? { content: withExamples(oneType(response.content)) } : {}),
    };
  }
  Object.assign(whole.responses, { ...failuresOf({ path, method, operation: whole }), ...whole.responses });
  return whole;
}

function securityOf(acesso: string | undefined, operationId: string): object[] {
  if (alternatives.has(operationId)) return [...authenticated, {}];
  return acesso === 'publico' ? [] : authenticated;
}

/** What a call is for, and who may make it. */
function described(description: string | undefined, acesso: string | undefined): string {
  const callers: Readonly<Record<string, string>> = {
    publico: 'Sem token.',
    autenticado: 'Qualquer credencial válida.',
    usuario: 'Só uma pessoa, não uma chave de API.',
    maquina: 'Só a própria máquina, com o token dela.',
  };
  const access = acesso === undefined ? '' : (callers[acesso] ?? `Permissão: \`${acesso}\`.`);
  return [description, access].filter(Boolean).join(' ');
}

function completedParameter({ examples, ...parameter }: Parameter): Parameter {
  const { description = parameter.schema.description ?? parameterWords(parameter) } = parameter;
  const example = Array.isArray(examples) ? examples[0] : undefined;
  return { ...parameter, description, ...(example === undefined ? {} : { example }) };
}

function withRequestExample(body: NonNullable<Operation['requestBody']>, operationId: string): typeof body {
  const content = Object.entries(oneType(body.content)).map(([type, media]): [string, MediaType] => {
    const whole = mediaTypeOf(type, media);
    const example = requestExampleOf(operationId, media.schema);
    return [type, { ...whole, ...(example === undefined ? {} : { example }) }];
  });
  return { ...body, content: Object.fromEntries(content) };
}

function withExamples(content: Record<string, MediaType>): Record<string, MediaType> {
  return Object.fromEntries(
    Object.entries(content).map(([type, media]) => {
      const whole = mediaTypeOf(type, media);
      const isJson = type.endsWith('json') && whole.example === undefined && whole.schema !== undefined;
      return [type, isJson ? { ...whole, example: exampleOf(whole.schema as Schema, '') } : whole];
    }),
  );
}

/** The plugin lists every content type Elysia could read or write; what has JSON among them is JSON. */
function oneType(content: Record<string, MediaType>): Record<string, MediaType> {
  const { 'application/json': json, 'multipart/form-data': form, 'text/plain': text } = content;
  return json && form && text ? { 'application/json': json } : content;
}
