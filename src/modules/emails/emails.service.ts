/**
 * The mail queue: rows written in the transaction that causes them, sent one by one, tried again while that makes sense.
 * A restart loses none; a crash between the server's yes and the row's may send one twice, under the same Message-ID.
 */

import { systemActor } from '../../core/actor';
import { type Clock, dayMs, secondMs } from '../../core/clock';
import type { Ids } from '../../core/ids';
import type { Keyring } from '../../storage/keys/keyring';
import type { Tx, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { addresses, afterFailure, type Email, type EmailDados, type Idioma, type MailFailure } from './emails.model';
import { countEmails, deleteSettledEmails, dueEmails, insertEmails, updateEmail } from './emails.store';
import { createMensagens, type Mensagem } from './mensagem.view';

const pollMs = secondMs;
const batchMax = 20;
/** After a server that did not answer, before the next mail is tried. */
const pauseMs = 5 * secondMs;
const keptMs = 30 * dayMs;
const purgeEveryMs = 3_600 * secondMs;
const purgeBatchMax = 500;
const receiversMax = 50;
/** A person waits for a test; shorter than the idle time of an HTTP connection. */
const testWithinMs = 8 * secondMs;

/** Sends over SMTP. */
export interface Mailer {
  /** @returns null when the server took it, otherwise what it said. Never throws. */
  send(message: Mensagem & { id: string; para: string }): Promise<MailFailure | null>;
  close(): Promise<void>;
}

export interface NovoEmail {
  /** One address, or several with commas: each gets a mail of its own. */
  para: string;
  modelo: string;
  dados: EmailDados;
  /** The receiver's, if it is known. */
  idioma?: Idioma;
}

interface Dependencies {
  work: UnitOfWork;
  ids: Ids;
  keyring: Keyring;
  clock: Clock;
  /** Null when no mail server is set. */
  mailer: Mailer | null;
  idioma: Idioma;
  destinatarios: string;
  onError(error: unknown): void;
}

export type Emails = ReturnType<typeof createEmails>;

export function createEmails(dependencies: Dependencies) {
  const { work, ids, keyring, clock, mailer, idioma, destinatarios, onError } = dependencies;
  const actor = systemActor('emails');
  const compose = createMensagens();
  let poll: ReturnType<typeof setInterval> | null = null;
  let running: Promise<void> | null = null;
  let queued = false;
  let stopped = false;
  let pausedUntil = 0;
  let purgeDueAt = 0;

  async function send(email: Email, via: Mailer): Promise<boolean> {
    const message = compose(email);
    const failure = await via.send({ ...message, id: email.id, para: email.para });
    const now = clock.now();
    const next: Email = failure
      ? afterFailure(email, failure, now)
      : {
          ...email,
          status: 'enviado',
          tentativas: email.tentativas + 1,
          proxima_em: null,
          erro: null,
          enviado_em: now,
          dados: null,
        };
    await work.write(actor, (tx) => updateEmail(tx.db, keyring, next));
    if (failure) onError(new Error(`mail ${email.id} (${email.modelo}) was not sent: ${next.erro}`));
    return failure === null || failure.code !== null;
  }

  async function drain(via: Mailer): Promise<void> {
    while (!stopped && clock.now() >= pausedUntil) {
      queued = false;
      const due = await dueEmails(work.reader, keyring, clock.now(), batchMax);
      if (due.length === 0) return;
      for (const email of due) {
        if (stopped) return;
        if (await send(email, via)) continue;
        pausedUntil = clock.now() + pauseMs;
        return;
      }
    }
  }

  async function purge(): Promise<void> {
    if (clock.now() < purgeDueAt) return;
    purgeDueAt = clock.now() + purgeEveryMs;
    const before = clock.now() - keptMs;
    while (!stopped && (await work.write(actor, (tx) => deleteSettledEmails(tx.db, before, purgeBatchMax))) > 0) {
      // A little at a time, so that no request waits for it.
    }
  }

  function ring(): void {
    if (!mailer || running || stopped) return;
    running = drain(mailer)
      .then(purge)
      .catch((error: unknown) => {
        if (!stopped) onError(error);
      })
      .finally(() => {
        running = null;
      });
  }

  return {
    /** Whether a mail server is set; without one nothing is queued. */
    configurado: mailer !== null,

    /** The receivers of alerts and reports, with commas. */
    destinatarios,

    /** Queues a mail in the caller's transaction. */
    async enfileirar(tx: Tx, { para, modelo, dados, idioma: own }: NovoEmail): Promise<void> {
      if (!mailer) return;
      const receivers = addresses(para).slice(0, receiversMax);
      const emails = receivers.map(
        (address): Email => ({
          id: ids.next(tx.now),
          para: address,
          modelo,
          idioma: own ?? idioma,
          dados,
          status: 'pendente',
          tentativas: 0,
          proxima_em: tx.now,
          erro: null,
          criado_em: tx.now,
          enviado_em: null,
        }),
      );
      await insertEmails(tx.db, keyring, emails);
      queued = true;
    },

    /**
     * Sends one mail now, past the queue, so that a person sees whether it works.
     * @returns null when the mail server took it, otherwise what it said, or that it said nothing for eight seconds.
     */
    async testar(para: string): Promise<MailFailure | null> {
      if (!mailer) return { code: null, message: 'no mail server is set' };
      const sent = mailer.send({ ...compose({ modelo: 'teste', idioma, dados: {} }), id: ids.next(clock.now()), para });
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<MailFailure>((resolve) => {
        const failure = { code: null, message: `no answer within ${testWithinMs / secondMs} s` };
        timer = setTimeout(() => resolve(failure), testWithinMs);
      });
      return Promise.race([sent, late]).finally(() => clearTimeout(timer));
    },

    start(): void {
      if (!mailer) return;
      work.onCommit(() => {
        if (queued) ring();
      });
      poll = setInterval(ring, pollMs);
      ring();
    },

    /** Lets the mail under way go; the rest stays in the queue. */
    async stop(): Promise<void> {
      stopped = true;
      if (poll) clearInterval(poll);
      await running;
      await mailer?.close();
    },

    /** Mails by status. */
    stats: () => countEmails(work.reader),
  };
}
