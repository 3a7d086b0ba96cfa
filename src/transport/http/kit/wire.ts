/** The shapes that several modules share on the wire, with examples. */

import { Type } from '@sinclair/typebox';
import { type TSchema, t } from 'elysia';

/** No control characters: they have no place in names and would forge lines in logs and mails. */
const noControls = '^[^\\u0000-\\u001f\\u007f]*$';

/** One line of text. */
export function line(
  maxLength: number,
  options: { minLength?: number; description?: string; examples?: string[] } = {},
) {
  return t.String({ maxLength, pattern: noControls, ...options });
}

export const uuid = t.String({ format: 'uuid', examples: ['0199d3a0-7c1b-7e55-8f5e-3c0d7a1b2c3d'] });
export const timestamp = t.String({ format: 'date-time', examples: ['2026-11-24T14:05:00.000Z'] });
export const timestampOrNull = t.Union([timestamp, t.Null()]);
export const textOrNull = t.Union([t.String(), t.Null()]);

/** One of a list of words. */
export function oneOf<const T extends readonly string[]>(values: T, description?: string) {
  // Not t.UnionEnum: that one makes the first word the default of whatever is left out.
  const literals = values.map((value) => t.Literal(value as T[number]));
  return t.Unsafe<T[number]>(t.Union(literals, description === undefined ? {} : { description }));
}

/** A whole number in a body. Not t.Integer: that one also takes a text of digits, as a query has them. */
export const integer = Type.Integer;

/** Free data of the integrator's own. */
export const metadados = t.Unsafe<Record<string, unknown>>(
  // Any, checked by the model: a record would turn a list into an object without a word.
  t.Any({ description: 'Dados livres do integrador, até 16 KiB', examples: [{ erp_id: '4711' }] }),
);

/** The reason of a block, asked of everyone who blocks. */
export const motivoBody = t.Object({
  motivo: line(500, {
    minLength: 1,
    description: 'Por que; aparece para a máquina e no histórico',
    examples: ['fatura em atraso'],
  }),
});

export const problemSchema = t.Object(
  {
    type: t.String(),
    title: t.String(),
    status: integer(),
    detail: t.String(),
    instance: t.String(),
    codigo: t.String({ examples: ['VALIDACAO'] }),
    request_id: textOrNull,
    definitivo: t.Optional(
      t.Boolean({ description: 'false em todo 429 e 5xx: confie no certificado e tente de novo', examples: [false] }),
    ),
    erros: t.Optional(t.Array(t.Object({ campo: t.String(), mensagem: t.String() }))),
  },
  { $id: 'Problema', description: 'RFC 9457' },
);

/** A body in the OpenAPI document, for what is not read or answered through Elysia's own schemas. */
export function jsonContent(schema: TSchema) {
  // TypeBox schemas are JSON Schema; only their TypeScript types are wider than OpenAPI's.
  return { 'application/json': { schema: schema as object } };
}

/** In the OpenAPI document: an answer made outside Elysia's schemas, by its media types; JSON with its schema. */
export function answers(description: string, types: readonly string[], json?: TSchema) {
  const others = types.map((type): [string, object] => [type, {}]);
  const content = { ...(json ? jsonContent(json) : {}), ...Object.fromEntries(others) };
  return { responses: { 200: { description, content } } };
}

/** What the OpenAPI document tells of a route. */
export function docs(tag: string, operationId: string, summary: string, description?: string) {
  return { tags: [tag], operationId, summary, ...(description === undefined ? {} : { description }) };
}
