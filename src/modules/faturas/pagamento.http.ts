/**
 * How payment providers sign what they tell: one function a scheme. Another provider is another function with the same
 * shape and a line where the routes choose it.
 */

import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { Problem } from '../../core/problem';

/** @throws Problem ASSINATURA_INVALIDA when the body is not from whoever holds the secret. */
export type VerifyPayment = (headers: Headers, body: string) => void;

/** Standard Webhooks: HMAC-SHA-256 over id, timestamp and body, within five minutes of the present. */
export function standardWebhooks(secret: string): VerifyPayment {
  const webhook = new Webhook(secret);
  return (headers, body) => {
    try {
      webhook.verify(body, Object.fromEntries(headers), { jsonParse: false });
    } catch (error) {
      if (error instanceof WebhookVerificationError)
        throw new Problem('ASSINATURA_INVALIDA', { detalhe: error.message });
      throw error;
    }
  };
}

/** Without a secret nobody can be believed. */
export const noPayments: VerifyPayment = () => {
  throw new Problem('PAGAMENTO_NAO_CONFIGURADO', { detalhe: 'Defina NARCIDI_PAYMENT_SECRET.' });
};
