/**
 * The `multipart/form-data` (RFC 7578) of an upload: the one file goes straight to the disk, never whole in memory; the
 * fields may come before or after it.
 */

import { pipeline } from 'node:stream/promises';
import Busboy from '@fastify/busboy';
import { invalidField, Problem } from '../../core/problem';
import type { ContentStore, ReceivedFile } from '../../storage/files/content-store';
import { nodeStream } from '../../transport/http/kit/web-stream';
import { checkArquivo } from './versoes.model';

const fieldsMax = 40;
const fieldNameBytesMax = 64;
const fieldBytesMax = 128 * 1024;
/** What the fields and the boundaries may add to the file. */
const overheadBytesMax = 8 * 1024 ** 2;
const fileField = 'arquivo';

export interface Recebido {
  campos: ReadonlyMap<string, string>;
  /** The name the sender gave the file. */
  nome: string;
  file: ReceivedFile;
}

interface Options {
  files: ContentStore;
  bytesMax: number;
  onProgress(bytes: number): void;
}

/**
 * Receives a whole upload.
 * @returns the fields, and the file on the disk; whoever receives it keeps or discards it.
 * @throws Problem TIPO_DE_CONTEUDO, CORPO_GRANDE_DEMAIS, VALIDACAO, ARMAZENAMENTO_CHEIO, REQUISICAO_INVALIDA for an upload
 * that was cut off. Nothing of it is left then.
 */
export async function receiveUpload(request: Request, { files, bytesMax, onProgress }: Options): Promise<Recebido> {
  const type = request.headers.get('content-type') ?? '';
  if (!/^multipart\/form-data\s*;.*boundary=/i.test(type) || !request.body) {
    throw new Problem('TIPO_DE_CONTEUDO', { detalhe: 'Envie multipart/form-data com o campo arquivo.' });
  }
  if (Number(request.headers.get('content-length') ?? 0) > bytesMax + overheadBytesMax) {
    throw new Problem('CORPO_GRANDE_DEMAIS', { detalhe: `O arquivo pode ter até ${bytesMax} bytes.` });
  }
  const source = nodeStream(request.body);
  const parser = new Busboy({
    headers: { 'content-type': type },
    preservePath: true,
    isPartAFile: (_field, _type, name) => name !== undefined,
    limits: { files: 1, fields: fieldsMax, fieldNameSize: fieldNameBytesMax, fieldSize: fieldBytesMax },
  });
  const campos = new Map<string, string>();
  let arrival: { nome: string; file: Promise<ReceivedFile> } | null = null;
  /** The first thing found wrong, by us rather than by the connection. */
  let refused: unknown = null;
  const refuse = (error: unknown): void => {
    refused ??= error;
    source.destroy();
    // All may have been read already, and the parser be waiting for a file that nobody reads any more.
    parser.destroy(new Error('refused'));
  };

  parser.on('field', (campo, value, nameTruncated, truncated) => {
    if (nameTruncated || truncated) refuse(invalidField(campo, `passa de ${fieldBytesMax} bytes`));
    else if (campos.has(campo)) refuse(invalidField(campo, 'veio mais de uma vez'));
    else campos.set(campo, value);
  });
  parser.on('fieldsLimit', () => refuse(invalidField('campos', `são mais de ${fieldsMax}`)));
  parser.on('filesLimit', () => refuse(invalidField(fileField, 'envie um arquivo só')));
  parser.on('file', (campo, stream, nome) => {
    // Without a listener an error of the stream would end the process; it is reported by whoever reads.
    stream.on('error', () => undefined);
    try {
      if (campo !== fileField) throw invalidField(campo, 'não é um campo de arquivo; o arquivo vem em arquivo');
      arrival = { nome: checkArquivo(nome), file: files.receive(stream, bytesMax, onProgress) };
      arrival.file.catch(refuse);
    } catch (error) {
      stream.resume();
      refuse(error);
    }
    source.once('close', () => {
      if (!source.readableEnded) stream.destroy(new Error('the upload was cut off'));
    });
  });

  try {
    await pipeline(source, parser);
  } catch (error) {
    refused ??= new Problem('REQUISICAO_INVALIDA', {
      detalhe: `O envio foi interrompido ou não é multipart válido: ${error instanceof Error ? error.message : error}`,
    });
  }
  return conclude(arrival, campos, () => refused);
}

/** Waits for the file, which may still be on its way to the disk when the form has ended. */
async function conclude(
  arrival: { nome: string; file: Promise<ReceivedFile> } | null,
  campos: ReadonlyMap<string, string>,
  refused: () => unknown,
): Promise<Recebido> {
  const file = await arrival?.file.catch(() => null);
  const reason = refused() ?? (arrival && file ? null : invalidField(fileField, 'é obrigatório'));
  if (reason || !arrival || !file) {
    await file?.discard();
    throw reason;
  }
  return { campos, nome: arrival.nome, file };
}
