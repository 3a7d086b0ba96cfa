/** A mail in the queue: what it says, in which language, and when it is tried again. */

import { dayMs, hourMs, minuteMs, secondMs } from '../../core/clock';

export const idiomas = ['pt-BR', 'en'] as const;
export type Idioma = (typeof idiomas)[number];

export const emailStatus = ['pendente', 'enviado', 'morto'] as const;
export type EmailStatus = (typeof emailStatus)[number];

export interface Email {
  id: string;
  /** One address: each receiver has a row, so that one who is rejected keeps nobody else's from going. */
  para: string;
  /** Which template; one that is not known lists `dados` plainly. */
  modelo: string;
  idioma: Idioma;
  /** Emptied once the mail is on its way: it may hold a link that opens an account. */
  dados: EmailDados | null;
  status: EmailStatus;
  tentativas: number;
  proxima_em: number | null;
  erro: string | null;
  criado_em: number;
  enviado_em: number | null;
}

export type EmailDados = Readonly<Record<string, unknown>>;

/** What a mail server said of one mail. */
export interface MailFailure {
  /** The SMTP code, or null when no server answered. */
  code: number | null;
  message: string;
}

const retryMs: readonly number[] = [
  5 * secondMs,
  30 * secondMs,
  2 * minuteMs,
  10 * minuteMs,
  hourMs,
  6 * hourMs,
  dayMs,
  dayMs,
];
const failureCharactersMax = 500;

/**
 * What becomes of a mail that could not be sent: 5xx is for good (RFC 5321 section 4.2.1), anything else is tried again
 * for about three days. A refused log-in is a fault of ours that an administrator can mend, so it is tried again too.
 */
export function afterFailure(email: Email, failure: MailFailure, now: number): Email {
  const tentativas = email.tentativas + 1;
  const wait = retryMs[email.tentativas];
  const forGood = failure.code !== null && failure.code >= 500 && failure.code !== 535 && failure.code !== 530;
  const reason = failure.code === null ? failure.message : `${failure.code}: ${failure.message}`;
  const erro = reason.slice(0, failureCharactersMax);
  if (forGood || wait === undefined)
    return { ...email, tentativas, status: 'morto', proxima_em: null, erro, dados: null };
  return { ...email, tentativas, proxima_em: now + wait, erro };
}

/** The addresses of a list with commas or semicolons, each once. */
export function addresses(text: string): string[] {
  const parts = text.split(/[,;]/).map((part) => part.trim());
  return [...new Set(parts.filter((part) => part.length > 0))];
}
