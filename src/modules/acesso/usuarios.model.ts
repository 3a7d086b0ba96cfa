/** Rules about users. */

import { invalidField } from '../../core/problem';

/** An e-mail address as it is kept, so that one person is one account. @throws Problem VALIDACAO */
export function cleanEmail(email: string): string {
  const clean = email.trim().toLowerCase();
  if (!/^[^\s@]+@[^\s@]+$/.test(clean)) throw invalidField('email', 'não é um endereço de e-mail');
  return clean;
}
