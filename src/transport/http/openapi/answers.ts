/** What answers that are not JSON hold, by their media type. */

import type { MediaType } from './parts';

const texts: Readonly<Record<string, string>> = {
  'text/csv': 'em,cpu,memoria,disco\n2026-11-24T14:05:00.000Z,12.5,48,61.2\n',
  'application/x-ndjson': '{"id":"0199d3a0-7c1b-7e55-8f5e-3c0d7a1b2c3d","acao":"cliente.criado"}\n',
  'text/event-stream': 'id: 42\nevent: maquina.online\ndata: {"tipo":"maquina.online","dados":{}}\n\n',
  'text/html': '<h2>Novidades</h2>',
  'text/yaml': 'version: 2.1.0\npath: Setup-2.1.0.exe\n',
  'application/jose': 'eyJhbGciOiJFZERTQSJ9.eyJ2YWxpZGEiOnRydWV9.c2lnbmF0dXJl',
};

/** The schema and an example of an answer that its route only names. */
export function mediaTypeOf(type: string, media: MediaType): MediaType {
  if (media.schema !== undefined) return media;
  const example = texts[type];
  if (example === undefined) return { schema: { type: 'string', format: 'binary' } };
  return { schema: { type: 'string' }, example };
}
