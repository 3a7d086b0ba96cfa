/** A machine's fingerprint: what identifies it on its licence, and what cannot. */

import { Problem } from '../../core/problem';

export const impressaoBytesMax = 4_096;

/** Identifiers that firmware and operating systems give to many machines alike (compared without case and spaces). */
const junkIdentifiers = new Set(
  [
    'To be filled by O.E.M.',
    'Default string',
    'System Serial Number',
    'System manufacturer',
    'System Product Name',
    'Base Board Serial Number',
    'Chassis Serial Number',
    'Not Applicable',
    'Not Available',
    'Not Specified',
    'Not Present',
    'Not Settable',
    'N/A',
    'None',
    'Null',
    'Nil',
    'Undefined',
    'Unknown',
    'Invalid',
    'Empty',
    'OEM',
    'O.E.M.',
    'INVALID',
    'xxxxxxxxxxxx',
    '123456789',
    '1234567890',
    '0123456789',
    '0123456789ABCDEF',
    '03000200-0400-0500-0006-000700080009',
    '00020003-0004-0005-0006-000700080009',
    '4C4C4544-0000-2010-8020-80C04F202020',
    '11111111-1111-1111-1111-111111111111',
    '12345678-1234-5678-90AB-CDDEEFAABBCC',
    '[object Object]',
  ].map(comparable),
);

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
  const bare = impressao.replace(/[\s:.\-_{}()]/g, '').replace(/^0x/i, '');
  if (bare === '' || /^0+$/.test(bare) || /^f+$/i.test(bare)) refuse('é um valor vazio, igual em muitas máquinas');
  if (junkIdentifiers.has(comparable(impressao))) refuse('é um identificador genérico, igual em muitas máquinas');
  return impressao;
}

function comparable(text: string): string {
  return text.toLowerCase().replace(/\s/g, '');
}

function refuse(motivo: string): never {
  throw new Problem('IMPRESSAO_INVALIDA', {
    detalhe: `A impressão ${motivo}.`,
    erros: [{ campo: 'impressao', mensagem: motivo }],
  });
}
