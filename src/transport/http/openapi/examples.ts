/** Examples of bodies: what the schemas say themselves, else a value that fits the name of the field. */

import { byFormat, byName, requests } from './example-words';
import type { Schema } from './parts';
import { isObject } from './schemas';

const levelsMax = 8;

/** An example of a call's body: as it is sent most often, so without what may be left out. */
export function requestExampleOf(operationId: string, schema: Schema | undefined): unknown {
  if (operationId in requests) return requests[operationId];
  if (schema === undefined) return undefined;
  const { properties = {}, required = [] } = schema;
  const wanted = Object.entries(properties).filter(([name, { examples }]) => required.includes(name) || examples);
  const [first] = Object.entries(properties);
  const shown = wanted.length === 0 && first ? [first] : wanted;
  return exampleOf(properties === undefined ? schema : { ...schema, properties: Object.fromEntries(shown) }, '');
}

/**
 * A value that a schema takes.
 * @param name of the field, empty for what has none.
 */
export function exampleOf(schema: Schema, name: string, level = 0): unknown {
  const [given] = schema.examples ?? [];
  if (given !== undefined) return given;
  if (schema.enum) return schema.enum[0];
  if (schema.default !== undefined) return schema.default;
  if (level > levelsMax) return null;
  const known = byName[name];
  if (schema.anyOf) {
    if (known !== undefined && schema.anyOf.some((one) => fits(known, one))) return known;
    const [first = {}] = schema.anyOf.filter(({ type }) => type !== 'null');
    return exampleOf(first, name, level + 1);
  }
  if (known !== undefined && fits(known, schema)) return known;
  return madeFor(schema, level);
}

function madeFor(schema: Schema, level: number): unknown {
  switch (schema.type) {
    case 'object': {
      const fields = Object.entries(schema.properties ?? {});
      return Object.fromEntries(fields.map(([field, one]) => [field, exampleOf(one, field, level + 1)]));
    }
    case 'array':
      if (schema.prefixItems) return schema.prefixItems.map((one) => exampleOf(one, '', level + 1));
      return Array.from({ length: Number(schema.minItems ?? 1) }, () => exampleOf(schema.items ?? {}, '', level + 1));
    case 'string':
      return byFormat[schema.format ?? ''] ?? 'texto'.padEnd(Number(schema.minLength ?? 0), '.');
    case 'integer':
    case 'number':
      return Number(schema.minimum ?? 1);
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return {};
  }
}

/** Whether a value of the vocabulary may stand where a schema is; the linter checks the rest. */
function fits(value: unknown, { type, format, maxLength, pattern, items }: Schema): boolean {
  if (format !== undefined && format !== 'email') return false;
  if (Array.isArray(value)) return type === 'array' && items?.type === 'string' && !items.enum && !items.format;
  if (typeof value === 'string') {
    if (typeof pattern === 'string' && !new RegExp(pattern).test(value)) return false;
    return type === 'string' && value.length <= Number(maxLength ?? value.length);
  }
  if (typeof value === 'number') return type === 'integer' || type === 'number';
  return value === null ? type === 'null' : isObject(value) && type === 'object';
}
