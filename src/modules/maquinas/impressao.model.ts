/** A machine's fingerprint: what identifies it on its licence, and what cannot. */

import { isBlankIdentifier, isGenericIdentifier } from '../../core/identifiers';
import { Problem } from '../../core/problem';

export const impressaoBytesMax = 4_096;

/**
 * Checks a fingerprint: 1 to 4,096 bytes of printable text that can tell one machine from another.
 * @returns it without surrounding spaces.
 * @throws Problem IMPRESSAO_INVALIDA telling why it will not do.
 */
export function checkImpressao(text: string): string {
  const impressao = text.trim();
  if (impressao === '') refuse('está em branco');
  if (Buffer.byteLength(impressao) > impressaoBytesMax) refuse(`passa de ${impressaoBytesMax} bytes`);
  if (/[\p{Cc}\p{Cs}\p{Co}\p{Cn}\u2028\u2029]/u.test(impressao)) refuse('tem caracteres de controle');
  if (isBlankIdentifier(impressao)) refuse('é um valor vazio, igual em muitas máquinas');
  if (isGenericIdentifier(impressao)) refuse('é um identificador genérico, igual em muitas máquinas');
  return impressao;
}

function refuse(motivo: string): never {
  throw new Problem('IMPRESSAO_INVALIDA', {
    detalhe: `A impressão ${motivo}.`,
    erros: [{ campo: 'impressao', mensagem: motivo }],
  });
}
