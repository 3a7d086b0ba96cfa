/** What `doctor` looks at outside the data folder: certificates, the mail server, the targets of webhooks. */

import { Database } from 'bun:sqlite';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dayMs, secondMs } from '../core/clock';
import type { Settings } from '../settings';
import type { DataFolder } from '../storage/data-folder';

export interface Finding {
  nome: string;
  ok: boolean;
  detalhe: string;
  remedio?: string;
}

const connectWithinMs = 5 * secondMs;
const webhooksMax = 20;
const renewBeforeDays = 14;

/** @param now epoch milliseconds of the machine's own clock. */
export function checkCertificate({ tlsCert, tlsKey }: Settings, now: number): Finding {
  const nome = 'certificate';
  if (!tlsCert && !tlsKey) return { nome, ok: true, detalhe: 'none: HTTP and MQTT without TLS' };
  const remedio = 'give NARCIDI_TLS_CERT and NARCIDI_TLS_KEY a pair that is valid now';
  try {
    const certificate = new X509Certificate(readFileSync(tlsCert));
    if (!certificate.checkPrivateKey(createPrivateKey(readFileSync(tlsKey)))) {
      return { nome, ok: false, detalhe: 'the key is not of this certificate', remedio };
    }
    const days = Math.floor((Date.parse(certificate.validTo) - now) / dayMs);
    const detalhe = `${certificate.subject.replaceAll('\n', ', ')}, ${days} days left`;
    if (days < renewBeforeDays || Date.parse(certificate.validFrom) > now) return { nome, ok: false, detalhe, remedio };
    return { nome, ok: true, detalhe };
  } catch (error) {
    return { nome, ok: false, detalhe: error instanceof Error ? error.message : String(error), remedio };
  }
}

export async function checkMail({ smtpUrl }: Settings): Promise<Finding> {
  const nome = 'mail';
  if (smtpUrl === '') return { nome, ok: true, detalhe: 'no mail server is set' };
  const { hostname, port, protocol } = new URL(smtpUrl);
  const target = { host: hostname, port: Number(port) || (protocol === 'smtps:' ? 465 : 587) };
  const failure = await tryConnect(target);
  const detalhe = `${target.host}:${target.port}`;
  return failure === null
    ? { nome, ok: true, detalhe: `${detalhe} answers` }
    : { nome, ok: false, detalhe: `${detalhe} ${failure}`, remedio: 'check NARCIDI_SMTP_URL and the way to it' };
}

/** The targets of active webhooks, the first of them when there are many. */
export async function checkWebhooks({ database }: DataFolder): Promise<Finding[]> {
  const urls = existsSync(database) ? webhookUrls(database) : [];
  return Promise.all(
    urls.map(async (url) => {
      const { hostname, port, protocol, host } = new URL(url);
      const target = {
        host: hostname.replace(/^\[|\]$/g, ''),
        port: Number(port) || (protocol === 'https:' ? 443 : 80),
      };
      const failure = await tryConnect(target);
      const nome = 'webhook';
      return failure === null
        ? { nome, ok: true, detalhe: `${host} answers` }
        : { nome, ok: false, detalhe: `${host} ${failure}`, remedio: 'mend or deactivate the webhook' };
    }),
  );
}

function webhookUrls(database: string): string[] {
  const db = new Database(database, { readonly: true });
  try {
    const rows = db.query<{ url: string }, [number]>('SELECT url FROM webhooks WHERE ativo = 1 ORDER BY id LIMIT ?');
    return rows.all(webhooksMax).map(({ url }) => url);
  } catch {
    // Before the first start, or damaged: another check tells.
    return [];
  } finally {
    db.close();
  }
}

/** @returns why nobody answers, or null. */
function tryConnect(target: { host: string; port: number }): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect(target);
    const end = (failure: string | null): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(failure);
    };
    const timer = setTimeout(() => end('does not answer'), connectWithinMs);
    socket.once('connect', () => end(null));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}
