/** A real SMTP server on loopback that keeps what it is sent and can be told to refuse. */

import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

export interface ReceivedMail {
  from: string;
  to: string[];
  source: string;
  secure: boolean;
  user: string | null;
}

export interface TestSmtp {
  port: number;
  mails: ReceivedMail[];
  /** Resolves once so many mails have come. */
  received(count: number): Promise<ReceivedMail[]>;
  stop(): Promise<void>;
}

/** What a server answers, with an SMTP code. */
export function smtpError(code: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode: code });
}

export async function startSmtp(options: SMTPServerOptions = {}): Promise<TestSmtp> {
  const mails: ReceivedMail[] = [];
  const waiting = new Set<() => void>();
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: options.key ? [] : ['STARTTLS'],
    onAuth: ({ username, password }, _session, done) =>
      password === 'segredo' ? done(null, { user: username }) : done(smtpError(535, 'wrong password')),
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          source: Buffer.concat(chunks).toString('utf8'),
          secure: session.secure,
          user: typeof session.user === 'string' ? session.user : null,
        });
        done();
        for (const wake of waiting) wake();
      });
    },
    ...options,
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.server.address();
  if (address === null || typeof address === 'string') throw new Error('the SMTP server has no port');
  return {
    port: address.port,
    mails,
    received: (count) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`${mails.length} of ${count} mails came`)), 20_000);
        const look = (): void => {
          if (mails.length < count) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(mails);
        };
        waiting.add(look);
        look();
      }),
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** The decoded HTML and text parts of a mail. */
export function partsOf(source: string): { text: string; html: string; subject: string } {
  const boundary = /boundary="([^"]+)"/.exec(source)?.[1] ?? '';
  const part = (type: string): string => {
    const found = source.split(`--${boundary}`).find((one) => one.includes(`Content-Type: ${type}`)) ?? '';
    const [head = '', ...rest] = found.split('\r\n\r\n');
    const body = rest.join('\r\n\r\n');
    if (/base64/i.test(head)) return Buffer.from(body, 'base64').toString('utf8');
    if (!/quoted-printable/i.test(head)) return body;
    const bytes = body
      .replace(/=\r\n/g, '')
      .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    return Buffer.from(bytes, 'latin1').toString('utf8');
  };
  const header = /^Subject: (.+(?:\r\n .+)*)/m.exec(source)?.[1] ?? '';
  const subject = header
    .replace(/\?=\r\n =\?/g, '?= =?')
    .replace(/\?= =\?UTF-8\?[QB]\?/gi, '')
    .replace(/=\?UTF-8\?([QB])\?(.+?)\?=/gi, (_, kind: string, text: string) =>
      kind.toUpperCase() === 'B'
        ? Buffer.from(text, 'base64').toString('utf8')
        : Buffer.from(
            text
              .replaceAll('_', ' ')
              .replace(/=([0-9A-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
            'latin1',
          ).toString('utf8'),
    );
  return { text: part('text/plain'), html: part('text/html'), subject };
}
