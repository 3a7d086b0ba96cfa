/** What belongs to one HTTP request, beside the request itself. */

import type { Actor } from '../../../core/actor';

/** How far the server has come with an answer. */
export interface Transfer {
  /** Whether it has let go of the request: everything is sent, or the caller has hung up. */
  ended(): boolean;
  aborted(): boolean;
}

/**
 * Answers a request under its Idempotency-Key once its body has been received.
 * @param fingerprint tells equal bodies from others.
 * @param next answers, given the reservation; not called when the answer is known.
 */
export type UnderKey = (fingerprint: string, next: (reservation: string) => Promise<Response>) => Promise<Response>;

export interface RequestContext {
  requestId: string;
  /** The caller's address. */
  ip: string | null;
  /** The reservation of this request's Idempotency-Key. */
  idempotencia: string | null;
  /** Who asks, found out once. */
  actor: Promise<Actor> | null;
  /** Watches the answer from now on; to be called before it is given. */
  transfer(): Transfer;
  /** Whether the caller's connection is encrypted, here or up to a trusted proxy. */
  secure: boolean;
  /** Of a streamed body that came with an Idempotency-Key. */
  underKey?: UnderKey;
}

/** Of a request that came over no connection. */
export const immediate = (): Transfer => ({ ended: () => true, aborted: () => false });

const contexts = new WeakMap<Request, RequestContext>();

export function setContext(request: Request, context: RequestContext): void {
  contexts.set(request, context);
}

export function contextOf(request: Request): RequestContext {
  const known = contexts.get(request);
  if (known) return known;
  // A request that did not come through the server, as when the document is made.
  const context: RequestContext = {
    requestId: crypto.randomUUID(),
    ip: null,
    idempotencia: null,
    actor: null,
    transfer: immediate,
    secure: false,
  };
  contexts.set(request, context);
  return context;
}

/** Nobody in particular, as the key routes are called. */
export function anonymous(request: Request): Actor {
  const { ip, requestId, idempotencia } = contextOf(request);
  return { tipo: 'anonimo', id: null, nome: 'anônimo', permissoes: [], ip, requestId, idempotencia };
}
