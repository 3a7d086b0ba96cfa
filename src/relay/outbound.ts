/**
 * Requests to servers that somebody else names, such as webhook targets. The name is resolved once, every address is
 * judged, and the connection goes to exactly those: a name that changes its mind between the check and the connection
 * (DNS rebinding) gains nothing. Redirects are not followed.
 */

import { lookup as dnsLookup } from 'node:dns/promises';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { isPublicAddress, literalAddress, readTarget, refusedAddress } from '../core/public-address';

export interface Address {
  address: string;
  family: number;
}

export interface OutboundRequest {
  url: string;
  method: 'POST' | 'GET';
  headers: Readonly<Record<string, string>>;
  body: string;
  /** From the first DNS question to the last byte read. */
  timeoutMs: number;
}

export interface OutboundAnswer {
  status: number;
  headers: Readonly<Record<string, string>>;
  /** The beginning of the body, as text. */
  body: string;
}

export interface Outbound {
  /**
   * Judges a target before it is kept. A name that does not resolve just now passes, for `send` asks again.
   * @throws Problem DESTINO_RECUSADO
   */
  check(url: string): Promise<void>;
  /**
   * Sends one request.
   * @throws Problem DESTINO_RECUSADO; Error, with a message for the operator, when the target cannot be reached in time.
   */
  send(request: OutboundRequest): Promise<OutboundAnswer>;
}

interface Options {
  /** NARCIDI_WEBHOOK_ALLOW_PRIVATE. */
  allowPrivate: boolean;
  /** The addresses of a name; the system's resolver unless a test says otherwise. @throws Error when there are none. */
  resolve?(host: string): Promise<Address[]>;
  /** Certificates to trust instead of the system's, PEM. */
  ca?: string;
}

const answerBytesMax = 16 * 1024;
/** The connection's own headers, which no caller may set. */
const ownHeaders = new Set(['host', 'content-length', 'transfer-encoding', 'connection', 'upgrade', 'expect', 'te']);

export function createOutbound({ allowPrivate, resolve = systemResolve, ca }: Options): Outbound {
  /** @throws Problem DESTINO_RECUSADO when any address is not public; Error when the name does not resolve. */
  async function vetted(url: URL): Promise<Address[]> {
    const literal = literalAddress(url);
    const addresses =
      literal === null ? await resolve(url.hostname) : [{ address: literal, family: literal.includes(':') ? 6 : 4 }];
    if (!allowPrivate && !addresses.every(({ address }) => isPublicAddress(address))) throw refusedAddress();
    return addresses;
  }

  return {
    async check(text) {
      const url = readTarget(text, allowPrivate);
      if (allowPrivate || literalAddress(url) !== null) return;
      const addresses = await resolve(url.hostname).catch(() => []);
      if (!addresses.every(({ address }) => isPublicAddress(address))) throw refusedAddress();
    },

    async send({ url: text, method, headers, body, timeoutMs }) {
      const signal = AbortSignal.timeout(timeoutMs);
      const url = readTarget(text, allowPrivate);
      const addresses = await orTimeout(vetted(url), signal);
      const bytes = Buffer.from(body);
      const allowed = Object.entries(headers).filter(([name]) => !ownHeaders.has(name.toLowerCase()));
      const answer = await new Promise<IncomingMessage>((resolveAnswer, reject) => {
        const request = (url.protocol === 'https:' ? https : http).request(url, {
          method,
          headers: { ...Object.fromEntries(allowed), ...(method === 'GET' ? {} : { 'content-length': bytes.length }) },
          // No connection is kept: the next request resolves and judges anew.
          agent: false,
          signal,
          lookup: pinned(addresses),
          ...(ca === undefined ? {} : { ca }),
        });
        request.on('response', resolveAnswer);
        request.on('error', reject);
        request.end(method === 'GET' ? undefined : bytes);
      });
      return {
        status: answer.statusCode ?? 0,
        headers: Object.fromEntries(Object.entries(answer.headers).map(([name, value]) => [name, String(value)])),
        body: await orTimeout(beginning(answer), signal),
      };
    },
  };
}

async function systemResolve(host: string): Promise<Address[]> {
  return dnsLookup(host, { all: true, verbatim: true });
}

/** Rejects when the time is up, whatever the promise is still waiting for. */
async function orTimeout<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return Promise.race([
    promise,
    new Promise<never>((_, reject) => {
      const stop = (): void => reject(new Error('the time is up'));
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    }),
  ]);
}

type LookupCallback = (error: Error | null, address: string | Address[], family?: number) => void;

/** A resolver for one connection that knows one answer. */
function pinned(addresses: readonly Address[]) {
  return (_host: string, options: { all?: boolean | undefined }, done: LookupCallback): void => {
    const [first] = addresses;
    if (!first) done(new Error('the name has no address'), []);
    else if (options.all) done(null, [...addresses]);
    else done(null, first.address, first.family);
  };
}

/** The first bytes of a body; the rest is not even received. */
async function beginning(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let total = 0;
  for await (const chunk of answer) {
    if (!(chunk instanceof Uint8Array)) continue;
    chunks.push(Buffer.from(chunk));
    total += chunk.length;
    if (total >= answerBytesMax) break;
  }
  answer.destroy();
  return Buffer.concat(chunks).subarray(0, answerBytesMax).toString('utf8');
}
