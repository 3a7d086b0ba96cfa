/** The file of a version as an answer: whole or in parts, sent by the kernel from the disk. */

import { Readable } from 'node:stream';
import { create } from 'content-disposition';
import { Problem } from '../../core/problem';
import { contextOf } from '../../transport/http/kit/context';
import { webStream } from '../../transport/http/kit/web-stream';
import type { Download } from './download.service';
import { decideEntrega, type Faixa } from './faixa.model';

/** A file and what is told of it. */
interface ServedFile {
  versao: Pick<Download['versao'], 'arquivo' | 'tamanho' | 'sha256' | 'criado_em'>;
  path: string;
}

/**
 * @param toTheEnd is told, before a body is sent that holds the last byte, whether it is only the file's end.
 * @throws Problem VERSAO_DESATUALIZADA for If-Match, FAIXA_INVALIDA
 */
export function fileResponse(
  request: Request,
  { versao, path }: ServedFile,
  toTheEnd: (partial: boolean) => void,
): Response {
  const file = { etag: `"${versao.sha256}"`, modificadaEm: versao.criado_em, bytes: versao.tamanho };
  const entrega = decideEntrega((name) => request.headers.get(name), file);
  const headers: Record<string, string> = {
    etag: file.etag,
    'last-modified': new Date(versao.criado_em).toUTCString(),
    // A credential decides who gets it, and a withdrawal must be felt at once.
    'cache-control': 'private, no-cache',
    'accept-ranges': 'bytes',
  };
  switch (entrega.status) {
    case 304:
      return new Response(null, { status: 304, headers });
    case 412:
      throw new Problem('VERSAO_DESATUALIZADA', { detalhe: 'If-Match não traz o ETag deste arquivo.' });
    case 416:
      throw new Problem('FAIXA_INVALIDA', { headers: { 'content-range': `bytes */${versao.tamanho}` } });
    default:
  }
  Object.assign(headers, {
    'content-type': 'application/octet-stream',
    'content-disposition': create(versao.arquivo),
    'repr-digest': `sha-256=:${Buffer.from(versao.sha256, 'hex').toString('base64')}:`,
  });
  const whole = Bun.file(path);
  if (entrega.status === 200) {
    if (request.method === 'GET') toTheEnd(false);
    return new Response(whole, { headers });
  }
  const [first, ...more] = entrega.faixas;
  if (first && more.length === 0) {
    if (request.method === 'GET' && first.fim === versao.tamanho - 1) toTheEnd(true);
    const body = whole.slice(first.inicio, first.fim + 1);
    return new Response(body, {
      status: 206,
      headers: { ...headers, 'content-range': contentRange(first, versao.tamanho) },
    });
  }
  return severalParts(request, entrega.faixas, versao.tamanho, whole, headers);
}

function contentRange({ inicio, fim }: Faixa, bytes: number): string {
  return `bytes ${inicio}-${fim}/${bytes}`;
}

/** `multipart/byteranges` (RFC 9110, 14.6), the parts in the order they were asked for. */
function severalParts(
  request: Request,
  faixas: readonly Faixa[],
  bytes: number,
  file: ReturnType<typeof Bun.file>,
  headers: Record<string, string>,
): Response {
  const boundary =
    contextOf(request)
      .requestId.replace(/[^A-Za-z0-9]/g, '')
      .slice(0, 40) + crypto.randomUUID().slice(0, 8);
  const head = (faixa: Faixa): string =>
    `\r\n--${boundary}\r\ncontent-type: application/octet-stream\r\ncontent-range: ${contentRange(faixa, bytes)}\r\n\r\n`;
  const parts = faixas.flatMap((faixa): (string | Blob)[] => [head(faixa), file.slice(faixa.inicio, faixa.fim + 1)]);
  parts.push(`\r\n--${boundary}--\r\n`);
  const type = `multipart/byteranges; boundary=${boundary}`;
  return new Response(webStream(Readable.from(readAll(parts))), {
    status: 206,
    headers: { ...headers, 'content-type': type },
  });
}

async function* readAll(parts: readonly (string | Blob)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    if (typeof part === 'string') yield new TextEncoder().encode(part);
    else for await (const chunk of part.stream()) yield chunk;
  }
}
