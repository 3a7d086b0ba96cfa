/** The second factor: time-based codes (TOTP, RFC 6238) and recovery codes for when the telephone is gone. */

import { randomInt } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';
import { secondMs } from '../../core/clock';

const issuer = 'narcidicontrol';
const digits = 6;
const periodSeconds = 30;
/** Steps before and after the present one that are taken, for clocks that are a little off. */
const stepsOff = 1;
const secretBytes = 20;
export const recoveryCodes = 10;
const recoveryAlphabet = 'abcdefghjkmnpqrstuvwxyz23456789';
const recoveryGroup = 5;

/** A new secret, in base 32. */
export function newSecret(): string {
  return new Secret({ size: secretBytes }).base32;
}

/** What an authenticator reads as a QR code. */
export function otpUri(segredo: string, email: string): string {
  return totp(segredo, email).toString();
}

/**
 * The time step a code belongs to, or null when it is none of the present ones. A step must be used once only: whoever
 * looked over somebody's shoulder comes too late.
 */
export function stepOf(segredo: string, codigo: string, nowMs: number): number | null {
  if (!/^\d{6}$/.test(codigo)) return null;
  const delta = totp(segredo, '').validate({ token: codigo, timestamp: nowMs, window: stepsOff });
  return delta === null ? null : Math.floor(nowMs / (periodSeconds * secondMs)) + delta;
}

/** Ten codes such as `k7mqp-x3vbn`, 49 bits each; they are long enough to be kept as a plain HMAC. */
export function newRecoveryCodes(): string[] {
  const group = (): string =>
    Array.from({ length: recoveryGroup }, () => recoveryAlphabet[randomInt(recoveryAlphabet.length)]).join('');
  return Array.from({ length: recoveryCodes }, () => `${group()}-${group()}`);
}

/** A recovery code as it is looked up, however it was typed; null for what cannot be one. */
export function cleanRecoveryCode(text: string): string | null {
  const clean = text.toLowerCase().replace(/[\s-]/g, '');
  return clean.length === 2 * recoveryGroup ? clean : null;
}

function totp(segredo: string, email: string): TOTP {
  const label = email || issuer;
  return new TOTP({
    issuer,
    label,
    algorithm: 'SHA1',
    digits,
    period: periodSeconds,
    secret: Secret.fromBase32(segredo),
  });
}
