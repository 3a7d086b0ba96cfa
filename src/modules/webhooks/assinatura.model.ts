/** The signature of what we send, by Standard Webhooks (standardwebhooks.com): HMAC-SHA-256 over id, time and body. */

import { randomBytes } from 'node:crypto';
import { Webhook as Signer } from 'standardwebhooks';
import { secondMs } from '../../core/clock';
import type { Webhook } from './webhooks.model';

const secretBytes = 32;
const signers = new Map<string, Signer>();
const signersMax = 500;

export function newSecret(): string {
  return `whsec_${randomBytes(secretBytes).toString('base64')}`;
}

/**
 * The three headers of a message. During a rotation both secrets sign, so that the receiver may change over at leisure.
 * @param wallNow the machine's own clock, for the receiver compares it with its own.
 */
export function signatureHeaders(
  webhook: Pick<Webhook, 'segredo' | 'segredo_anterior' | 'segredo_anterior_ate'>,
  id: string,
  body: string,
  now: number,
  wallNow: number,
): Record<string, string> {
  const seconds = Math.floor(wallNow / secondMs);
  const { segredo, segredo_anterior, segredo_anterior_ate } = webhook;
  const old = segredo_anterior !== null && segredo_anterior_ate !== null && now < segredo_anterior_ate;
  const secrets = old ? [segredo, segredo_anterior] : [segredo];
  const at = new Date(seconds * secondMs);
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': secrets.map((secret) => signerOf(secret).sign(id, at, body)).join(' '),
  };
}

function signerOf(secret: string): Signer {
  const known = signers.get(secret);
  if (known) return known;
  if (signers.size >= signersMax) signers.clear();
  const signer = new Signer(secret);
  signers.set(secret, signer);
  return signer;
}
