/** Mail over SMTP by nodemailer: STARTTLS where the server offers it, certificates verified, a few connections kept. */

import { secondMs } from '../../core/clock';
import { OperationalError } from '../../core/operational-error';
import type { MailFailure } from '../../modules/emails/emails.model';
import type { Mailer } from '../../modules/emails/emails.service';

const connectionsMax = 2;
const connectionTimeoutMs = 10 * secondMs;
/** A server that falls silent in the middle of a mail. */
const socketTimeoutMs = 30 * secondMs;

/**
 * @param url `smtp(s)://user:password@host:port`, with nodemailer's options as its query: `?tls.rejectUnauthorized=false`.
 * @param from the sender; the log-in name, where that is an address, when empty.
 * @throws OperationalError for what is no such address.
 */
export function createSmtpMailer(url: string, from: string): Mailer {
  const address = readUrl(url);
  const login = decodeURIComponent(address.username);
  const sender = from || (login.includes('@') ? login : `narcidicontrol@${address.hostname}`);
  const domain = sender.split('@').at(-1)?.replace(/>.*$/, '') ?? 'localhost';
  let transport: ReturnType<typeof connect> | null = null;

  /** Loaded with the first mail: most starts of the server send none. */
  async function connect() {
    const { createTransport } = await import('nodemailer');
    return createTransport({
      url,
      pool: true,
      maxConnections: connectionsMax,
      connectionTimeout: connectionTimeoutMs,
      greetingTimeout: connectionTimeoutMs,
      socketTimeout: socketTimeoutMs,
    });
  }

  return {
    async send({ id, para, assunto, texto, html }) {
      try {
        transport ??= connect();
        await (await transport).sendMail({
          messageId: `<${id}@${domain}>`,
          from: sender,
          to: para,
          subject: assunto,
          text: texto,
          html,
          disableFileAccess: true,
          disableUrlAccess: true,
          headers: { 'Auto-Submitted': 'auto-generated' },
        });
        return null;
      } catch (error) {
        return toFailure(error);
      }
    },
    close: async () => {
      (await transport)?.close();
    },
  };
}

function readUrl(url: string): URL {
  const address = URL.canParse(url) ? new URL(url) : null;
  if (!address || !['smtp:', 'smtps:'].includes(address.protocol) || address.hostname === '') {
    throw new OperationalError('NARCIDI_SMTP_URL is not an address like smtp://user:password@host:587');
  }
  return address;
}

function toFailure(error: unknown): MailFailure {
  if (!(error instanceof Error)) return { code: null, message: String(error) };
  const code = 'responseCode' in error && typeof error.responseCode === 'number' ? error.responseCode : null;
  return { code, message: error.message };
}
