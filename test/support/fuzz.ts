/** Requests made from the OpenAPI document: some valid, most with something hostile in one place. */

import fc, { type Arbitrary } from 'fast-check';

export interface Schema {
  type?: string | string[];
  enum?: unknown[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  format?: string;
  minimum?: number;
  maximum?: number;
  maxItems?: number;
  minItems?: number;
  maxLength?: number;
}

interface Parameter {
  in: string;
  name: string;
  schema?: Schema;
}

export interface Operation {
  path: string;
  method: string;
  parameters: Parameter[];
  contentType: string | null;
  body: Schema | null;
}

export interface FuzzRequest {
  operation: Operation;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  /** `undefined` sends none. */
  body: string | undefined;
  contentType: string | null;
  caller: 'person' | 'key' | 'machine' | 'nobody' | 'garbage';
}

type Document = {
  paths: Record<
    string,
    Record<string, { parameters?: Parameter[]; requestBody?: { content?: Record<string, { schema?: Schema }> } }>
  >;
};

const methods = ['get', 'post', 'put', 'delete', 'patch'];

export function operationsOf(document: Document): Operation[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([method]) => methods.includes(method))
      .map(([method, { parameters = [], requestBody }]) => {
        const [contentType, content] = Object.entries(requestBody?.content ?? {})[0] ?? [null, null];
        return { path, method: method.toUpperCase(), parameters, contentType, body: content?.schema ?? null };
      }),
  );
}

const long = (unit: string, times: number): string => unit.repeat(times);

/** Texts that have broken something somewhere. */
const hostile: readonly string[] = [
  "' OR '1'='1",
  "'; DROP TABLE clientes; --",
  "1); SELECT load_extension('x'); --",
  '" UNION SELECT senha_hash FROM usuarios --',
  "%' ESCAPE '\\",
  '%',
  '_',
  '* OR NEAR(a b)',
  'x\r\nx-injetado: sim\r\n\r\nfim',
  'x\nSet-Cookie: injetado=sim',
  '../../../../etc/passwd',
  '..\\..\\windows\\system32',
  '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
  '/etc/passwd\u0000.png',
  'file:///etc/passwd',
  'http://169.254.169.254/latest/meta-data',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '{{ 7 | times: 7 }}{% for i in (1..9999999) %}{{ i }}{% endfor %}',
  '<script>alert(1)</script>',
  '=cmd|"/c calc"!A1',
  '$' + '{jndi:ldap://x/a}',
  'null',
  'undefined',
  'NaN',
  '1e400',
  '-0',
  '9007199254740993',
  '\ud800',
  '\u0000',
  '\u202e\u0001\u007f',
  '😀'.repeat(300),
  '',
  ' ',
  long('a', 5_000),
  `${long('a', 30_000)}!`,
  `${long('a@', 20_000)}.`,
  `${long('(a+)+', 2_000)}$`,
  `${long('0', 5_000)}1`,
  `${long(' ', 20_000)}x`,
  `1.0.0-${long('a.', 10_000)}`,
  long('9', 400),
  '9999-99-99T99:99:99Z',
  '0000-00-00T00:00:00Z',
  '+275760-09-13T00:00:00.001Z',
  '-1',
  '00000000-0000-0000-0000-000000000000',
  'WyJjcmlhZG9fZW0iLHsiYSI6MX0sIngiXQ',
  'WyJjcmlhZG9fZW0iLG51bGwsIiJd',
];

/** Values that are no text. */
const hostileValues: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1.5,
  1e308,
  -1e308,
  Number.MAX_SAFE_INTEGER,
  2 ** 63,
  [],
  {},
  [[[]]],
  Array.from({ length: 5_000 }, (_, n) => n),
  { length: 1e9 },
  JSON.parse('{"__proto__": {"poluido": true}, "constructor": {"prototype": {"poluido": true}}}'),
  { toString: 1, valueOf: null },
];

const anyHostile: Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom<unknown>(...hostile) },
  { weight: 2, arbitrary: fc.constantFrom<unknown>(...hostileValues) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
);

/** Ids of records that exist, by the first segment of their path; `chave` holds licence keys. */
export type Pools = Readonly<Record<string, readonly string[]>>;

const plurals: Readonly<Record<string, string>> = { perfil: 'perfis', versao: 'uploads' };

/** The ids that a name such as `cliente_id` speaks of; any at all when it does not say. */
function idsFor(name: string, pools: Pools): readonly string[] {
  const noun = name.replace(/_id$/, '');
  const own = pools[name] ?? pools[plurals[noun] ?? `${noun}s`] ?? [];
  return own.length > 0 ? own : Object.values(pools).flat();
}

/** Values as a schema wants them. @param name of the field. */
function valid(schema: Schema, pools: Pools, name = '', depth = 0): Arbitrary<unknown> {
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices && choices.length > 0) return fc.oneof(...choices.map((one) => valid(one, pools, name, depth)));
  if (schema.enum && schema.enum.length > 0) return fc.constantFrom(...schema.enum);
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type) {
    case 'string':
      return text(schema, idsFor(name, pools));
    case 'integer':
      return fc.integer({ min: schema.minimum ?? -10, max: Math.min(schema.maximum ?? 1_000, 2 ** 31 - 1) });
    case 'number':
      return fc.double({ min: schema.minimum ?? -1_000, max: schema.maximum ?? 1_000, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(valid(schema.items ?? {}, pools, name, depth + 1), {
        minLength: schema.minItems ?? 0,
        maxLength: 3,
      });
    case 'object': {
      if (depth > 4) return fc.constant({});
      const model = Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([field, one]) => [field, valid(one, pools, field, depth + 1)]),
      );
      return fc.record(model, { requiredKeys: (schema.required ?? []).filter((name) => name in model) });
    }
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function text({ format, maxLength = 200 }: Schema, ids: readonly string[]): Arbitrary<string> {
  switch (format) {
    case 'uuid':
      return ids.length > 0 ? fc.constantFrom(...ids) : fc.uuid();
    case 'date-time':
      return fc.constantFrom('2026-11-25T12:00:00Z', '2030-01-01T00:00:00.000-03:00', '1999-12-31T23:59:59Z');
    case 'email':
      return fc.nat().map((n) => `fuzz-${n}@exemplo.com.br`);
    default:
      return fc.oneof(
        fc.constantFrom('padrao', 'x', 'https://exemplo.com.br/', '1.2.3'),
        fc.string({ maxLength: Math.min(maxLength, 60) }),
      );
  }
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'null');
}

/** A copy of a value with something hostile in one place. */
function spoil(value: unknown, hostileValue: unknown, at: number): unknown {
  if (Array.isArray(value) && value.length > 0) {
    const index = at % value.length;
    return value.map((one, n) => (n === index ? spoil(one, hostileValue, Math.floor(at / value.length)) : one));
  }
  if (typeof value === 'object' && value !== null) {
    const names = Object.keys(value);
    const index = at % (names.length + 1);
    if (index === names.length) return { ...value, [asText(hostileValue).slice(0, 100)]: hostileValue };
    return Object.fromEntries(
      Object.entries(value).map(([name, one], n) => [
        name,
        n === index ? spoil(one, hostileValue, Math.floor(at / (names.length + 1))) : one,
      ]),
    );
  }
  return hostileValue;
}

function bodyOf(operation: Operation, pools: Pools): Arbitrary<string | undefined> {
  if (operation.method === 'GET') return fc.constant(undefined);
  const schema = operation.body;
  if (!schema) return fc.constantFrom(undefined, '{}', '[]', '{');
  const form = operation.contentType === 'application/x-www-form-urlencoded';
  const encode = (value: unknown): string => {
    if (!form) return JSON.stringify(value) ?? 'null';
    const fields = typeof value === 'object' && value !== null ? Object.entries(value) : [];
    return new URLSearchParams(
      fields.map(([name, one]) => [name, toWellFormed(asText(one))] as [string, string]),
    ).toString();
  };
  const whole = valid(schema, pools);
  return fc.oneof(
    { weight: 6, arbitrary: whole.map(encode) },
    {
      weight: 6,
      arbitrary: fc.tuple(whole, anyHostile, fc.nat()).map(([value, bad, at]) => encode(spoil(value, bad, at))),
    },
    { weight: 1, arbitrary: fc.jsonValue().map((value) => JSON.stringify(value)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '{',
        long('[', 100_000),
        `${long('{"a":', 20_000)}1${long('}', 20_000)}`,
        `{"a":${long('9', 100_000)}}`,
        '{"__proto__":{"poluido":true},"a":1,"a":2}',
        '\u0000\u0001\u0002',
        `{"nome":"${long('x', 900_000)}"}`,
      ),
    },
  );
}

export function toWellFormed(value: string): string {
  return value.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd');
}

/** Any request of an operation. */
export function requestOf(operation: Operation, pools: Pools): Arbitrary<FuzzRequest> {
  const inPath = operation.parameters.filter((parameter) => parameter.in === 'path');
  const inQuery = operation.parameters.filter((parameter) => parameter.in === 'query');
  const module = operation.path.split('/')[3] ?? '';
  const value = (name: string, schema: Schema | undefined): Arbitrary<string> =>
    fc.oneof(
      { weight: 3, arbitrary: valid(schema ?? {}, pools, name).map(asText) },
      { weight: 1, arbitrary: fc.constantFrom(...hostile).map((one) => one.slice(0, 10_000)) },
    );
  const pathValues = fc.record(
    Object.fromEntries(
      inPath.map(({ name }) => [
        name,
        fc.oneof(
          { weight: 6, arbitrary: fc.constantFrom(...idsFor(name === 'id' ? module : name, pools)) },
          { weight: 1, arbitrary: fc.constantFrom(...hostile).map((one) => one.slice(0, 4_000)) },
        ),
      ]),
    ),
  );
  const header = fc.constantFrom(...hostile.map((one) => one.replace(/[^\x20-\x7e]/g, ' ').slice(0, 2_000)));
  return fc.record({
    operation: fc.constant(operation),
    path: pathValues.map((values) =>
      operation.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(toWellFormed(values[name] ?? 'x'))),
    ),
    query: fc.record(Object.fromEntries(inQuery.map(({ name, schema }) => [name, value(name, schema)])), {
      requiredKeys: [],
    }) as Arbitrary<Record<string, string>>,
    headers: fc.oneof(
      fc.constant({}),
      fc.record(
        { 'x-request-id': header, 'if-match': header, 'user-agent': header, 'idempotency-key': header, range: header },
        { requiredKeys: [] },
      ),
    ) as Arbitrary<Record<string, string>>,
    body: bodyOf(operation, pools),
    contentType: fc.oneof(
      { weight: 9, arbitrary: fc.constant(operation.contentType) },
      { weight: 1, arbitrary: fc.constantFrom('text/plain', 'application/xml', 'multipart/form-data; boundary=x', '') },
    ),
    caller: fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom('person' as const, 'key' as const) },
      { weight: 3, arbitrary: fc.constantFrom('machine' as const, 'nobody' as const, 'garbage' as const) },
    ),
  });
}
