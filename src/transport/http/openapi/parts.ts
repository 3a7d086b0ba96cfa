/** The parts of an OpenAPI 3.1 document that are worked on here. */

export interface Schema {
  [keyword: string]: unknown;
  $ref?: string;
  type?: string;
  format?: string;
  enum?: unknown[];
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  prefixItems?: Schema[];
  additionalProperties?: Schema;
  description?: string;
  default?: unknown;
  examples?: unknown[];
}

export interface MediaType {
  schema?: Schema;
  example?: unknown;
  examples?: Record<string, { summary: string; value: unknown }>;
}

export interface Parameter {
  in: string;
  name: string;
  schema: Schema;
  required?: boolean;
  description?: string;
  example?: unknown;
  /** The plugin writes a list here, which only schemas have. */
  examples?: unknown;
}

export interface Answer {
  $ref?: string;
  description?: string;
  headers?: Record<string, object>;
  content?: Record<string, MediaType>;
}

export interface Operation {
  operationId: string;
  summary?: string;
  description?: string | undefined;
  tags?: string[];
  security?: object[];
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content: Record<string, MediaType> };
  responses: Record<string, Answer>;
  /** Who may call, as the route says it; left out of the document, which has it in words. */
  'x-acesso'?: string;
}

export interface Document {
  paths: Record<string, Record<string, unknown>>;
  components: { schemas?: Record<string, Schema>; responses?: Record<string, Answer> };
}
