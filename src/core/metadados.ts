/** Free data that integrators keep with an entity. */

import { invalidField } from './problem';

const metadadosBytesMax = 16_384;

export type Metadados = Record<string, unknown>;

/** @throws Problem VALIDACAO for a list, or more than 16 KiB of JSON. */
export function checkMetadados(metadados: Metadados): Metadados {
  if (typeof metadados !== 'object' || metadados === null || Array.isArray(metadados)) {
    throw invalidField('metadados', 'deve ser um objeto');
  }
  if (Buffer.byteLength(JSON.stringify(metadados)) > metadadosBytesMax) {
    throw invalidField('metadados', `passa de ${metadadosBytesMax} bytes`);
  }
  return metadados;
}
