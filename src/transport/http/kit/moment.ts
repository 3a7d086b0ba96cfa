/** Moments in requests. */

import { parseRfc3339 } from '../../../core/clock';
import { invalidField } from '../../../core/problem';

/** @returns epoch milliseconds; undefined for what was not given. @throws Problem VALIDACAO */
export function moment(campo: string, text: string): number;
export function moment(campo: string, text: string | undefined): number | undefined;
export function moment(campo: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseRfc3339(text);
  if (ms === null) throw invalidField(campo, 'deve ser uma data e hora RFC 3339, como 2026-11-24T14:05:00Z');
  return ms;
}
