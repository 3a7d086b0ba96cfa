/** Reads JSON bodies, never more than the limit in memory. */

import { invalidField, Problem } from '../../../core/problem';

export const jsonBytesMax = 1024 * 1024;

/**
 * The parsed body, or null for an empty one.
 * @throws Problem CORPO_GRANDE_DEMAIS, TIPO_DE_CONTEUDO, JSON_INVALIDO
 */
export async function readJson(request: Request): Promise<unknown> {
  const type = request.headers.get('content-type');
  if (type !== null && !/^application\/([\w.+-]+\+)?json\s*(;|$)/i.test(type)) {
    throw new Problem('TIPO_DE_CONTEUDO', { detalhe: 'Envie o corpo como application/json.' });
  }
  const bytes = await readBytes(request, jsonBytesMax);
  return bytes.length === 0 ? null : parseJson(bytes);
}

/**
 * Names that mean something to JavaScript itself: no field of ours, and a way to change or break whatever handles the object
 * (prototype pollution; a `toString` that is no function).
 */
const reservedNames = new Set(['__proto__', 'toString', 'valueOf']);
/** Whether a text may hold one of them, escapes included. */
const maybeReserved = /__proto__|toString|valueOf|\\u/;

/** @throws Problem JSON_INVALIDO, for bytes that are no UTF-8 too; VALIDACAO for a reserved name. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return maybeReserved.test(text) ? JSON.parse(text, refuseReserved) : JSON.parse(text);
  } catch (error) {
    throw error instanceof Problem ? error : new Problem('JSON_INVALIDO');
  }
}

function refuseReserved(name: string, value: unknown): unknown {
  if (reservedNames.has(name)) throw invalidField(name, 'é um nome reservado');
  return value;
}

/** The whole body, refused as soon as it passes the limit, announced or not. @throws Problem CORPO_GRANDE_DEMAIS */
export async function readBytes(request: Request, bytesMax: number): Promise<Uint8Array<ArrayBuffer>> {
  const announced = Number(request.headers.get('content-length') ?? 0);
  if (announced > bytesMax) throw tooLarge(bytesMax);
  if (!request.body) return new Uint8Array();
  if (request.headers.has('content-length')) return new Uint8Array(await request.arrayBuffer());
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of request.body) {
    total += chunk.length;
    if (total > bytesMax) throw tooLarge(bytesMax);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(bytesMax: number): Problem {
  return new Problem('CORPO_GRANDE_DEMAIS', { detalhe: `O corpo pode ter até ${bytesMax} bytes.` });
}
