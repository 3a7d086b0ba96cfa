/** The schemas of the document: what generators of clients want of them. */

import { problemSchema } from '../kit/wire';
import { oauthErrorSchema } from './failures';
import type { Document, Operation, Schema } from './parts';

/** How the call that reads one entity begins its name; what follows is the entity's. */
const reads = 'obter';

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A copy of the plugin's document with its schemas in the form that generators turn into one type each. */
export function tidySchemas(raw: unknown): Document {
  // The plugin's output is an OpenAPI document; what it holds is only read here by its own names.
  const document = tidy(raw) as Document;
  const schemas = { Problema: tidy(problemSchema) as Schema, FalhaOAuth: oauthErrorSchema };
  return { ...document, components: { ...document.components, schemas } };
}

/** A choice of constants as one `enum`; a record as `additionalProperties`; no keyword without a value. */
function tidy(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(tidy);
  if (!isObject(schema)) return schema;
  const entries = Object.entries(schema)
    .filter(([name, value]) => value !== undefined && !isOurs(name, value, schema))
    .map(([name, value]): [string, unknown] => [name, tidy(value)]);
  const { anyOf, const: constant, patternProperties, additionalItems, ...rest } = Object.fromEntries(entries);
  if (constant !== undefined) return { ...rest, enum: [constant] };
  const values = isObject(patternProperties) ? Object.values(patternProperties) : [];
  if (values.length === 1) return { ...rest, additionalProperties: values[0] };
  // A tuple, as JSON Schema has written it since 2020-12.
  if (Array.isArray(rest.items)) return { ...rest, items: additionalItems, prefixItems: rest.items };
  if (!Array.isArray(anyOf)) return rest;
  return choice(anyOf, rest);
}

/** What TypeBox and Elysia keep in a schema for themselves: its name, and what to tell whoever breaks it. */
function isOurs(name: string, value: unknown, schema: object): boolean {
  return name === '$id' || (name === 'error' && typeof value === 'string' && 'type' in schema);
}

function choice(anyOf: readonly Record<string, unknown>[], rest: Record<string, unknown>): Record<string, unknown> {
  // Elysia lets a query's numbers and flags come as text; callers need only know what they mean.
  const meant = anyOf.filter(({ format }) => !['integer', 'numeric', 'boolean'].includes(String(format)));
  const [only] = meant;
  if (meant.length === 1 && only) return { ...only, ...rest };
  const values = meant.flatMap((one) => (Array.isArray(one.enum) ? one.enum : []));
  if (values.length === meant.length) return { ...rest, type: 'string', enum: values };
  return { ...rest, anyOf: meant };
}

/**
 * Names the entities, as `Cliente` or `Licenca`, and refers to them wherever an answer holds one.
 * @returns the schemas by their names.
 */
export function nameEntities(document: Document): Record<string, Schema> {
  const operations = Object.values(document.paths).flatMap((item) => Object.values(item) as Operation[]);
  const names = new Map<string, string>();
  const schemas: Record<string, Schema> = {};
  for (const { operationId, responses } of operations) {
    const schema = responses['200']?.content?.['application/json']?.schema;
    if (!operationId.startsWith(reads) || schema?.type !== 'object') continue;
    const text = JSON.stringify(schema);
    if (names.has(text)) continue;
    const name = operationId.slice(reads.length);
    names.set(text, name);
    schemas[name] = schema;
  }
  for (const { responses } of operations) {
    for (const { content } of Object.values(responses)) {
      for (const media of Object.values(content ?? {})) {
        if (media.schema) media.schema = referring(media.schema, names);
      }
    }
  }
  return schemas;
}

/** A schema with each entity in it replaced by its name. */
function referring(schema: Schema, names: ReadonlyMap<string, string>): Schema {
  const name = names.get(JSON.stringify(schema));
  if (name !== undefined) return { $ref: `#/components/schemas/${name}` };
  const { items, properties, anyOf } = schema;
  return {
    ...schema,
    ...(items ? { items: referring(items, names) } : {}),
    ...(anyOf ? { anyOf: anyOf.map((one) => referring(one, names)) } : {}),
    ...(properties
      ? { properties: Object.fromEntries(Object.entries(properties).map(([key, one]) => [key, referring(one, names)])) }
      : {}),
  };
}
