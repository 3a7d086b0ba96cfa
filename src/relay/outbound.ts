/**
 * Requests to servers that somebody else names, such as webhook targets. The name is resolved once, every address is
 * judged, and the connection goes to exactly those: a name that changes its mind between the check and the connection
 * (DNS rebinding) gains nothing. Redirects are not followed.
 */

import { lookup as dnsLookup } from 'node:dns/promises';
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
/** Nothing was sent: another address of the same name may be tried. */
const unreachable = new Set(['ConnectionRefused', 'FailedToOpenSocket', 'ECONNREFUSED', 'ENETUNREACH', 'EHOSTUNREACH']);
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
      const allowed = Object.entries(headers).filter(([name]) => !ownHeaders.has(name.toLowerCase()));
      const init: BunFetchRequestInit = {
        method,
        // Answers are read as they come: nothing to be unpacked.
        headers: { 'accept-encoding': 'identity', ...Object.fromEntries(allowed), host: url.host },
        redirect: 'manual',
        signal,
        // The certificate has to be that of the name, whatever address is connected to.
        tls: {
          ...(literalAddress(url) === null ? { serverName: url.hostname } : {}),
          ...(ca === undefined ? {} : { ca }),
        },
        ...(method === 'GET' ? {} : { body }),
      };
      const answer = await firstReached(addresses, (address) => fetch(at(url, address), init));
      return {
        status: answer.status,
        headers: Object.fromEntries(answer.headers),
        body: await orTimeout(beginning(answer), signal),
      };
    },
  };
}

/** The URL with the address in place of the name: connections are kept and shared by address and certificate name. */
function at(url: URL, { address, family }: Address): string {
  const pinned = new URL(url);
  pinned.hostname = family === 6 ? `[${address}]` : address;
  return pinned.href;
}

/** Tries the addresses of a name in turn, as long as there is nobody at them. */
async function firstReached(
  addresses: readonly Address[],
  connect: (address: Address) => Promise<Response>,
): Promise<Response> {
  const [address, ...others] = addresses;
  if (!address) throw new Error('the name has no address');
  try {
    return await connect(address);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (others.length === 0 || !unreachable.has(code)) throw error;
    return firstReached(others, connect);
  }
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

/** The first bytes of a body; of a long one the rest is not even received. */
async function beginning(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of answer.body ?? []) {
    chunks.push(chunk);
    total += chunk.length;
    // Leaving the loop ends the connection.
    if (total >= answerBytesMax) break;
  }
  return Buffer.concat(chunks).subarray(0, answerBytesMax).toString('utf8');
}
