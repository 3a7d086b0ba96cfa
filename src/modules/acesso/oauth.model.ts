/** The words of OAuth 2 (RFC 6749): errors, scopes and the answer of the token endpoint. */

import { beyond, isPattern } from '../../core/actor';

export interface TokenAnswer {
  access_token: string;
  token_type: 'bearer';
  expires_in: number;
  /** None for `client_credentials` (RFC 6749, 4.4.3). */
  refresh_token?: string;
  scope: string;
}

type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_scope'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'unsupported_token_type';

/** An error answer of RFC 6749, 5.2 and RFC 7009, 2.2.1. */
export class OAuthError extends Error {
  constructor(
    readonly error: OAuthErrorCode,
    readonly description: string,
    /** Further members of the answer. */
    readonly extra: Readonly<Record<string, unknown>> = {},
  ) {
    super(description);
    this.name = 'OAuthError';
  }
}

/**
 * The permissions that a `scope` asks for, or null when everything held is asked for.
 * @throws OAuthError invalid_scope for one that is unknown or not held.
 */
export function readScope(scope: string | null, held: readonly string[]): string[] | null {
  const patterns = (scope ?? '').split(' ').filter(Boolean);
  if (patterns.length === 0) return null;
  const unknown = patterns.find((pattern) => !isPattern(pattern));
  if (unknown !== undefined) throw new OAuthError('invalid_scope', 'O scope traz uma permissao desconhecida.');
  if (beyond(held, patterns) !== null) throw new OAuthError('invalid_scope', 'O scope pede mais do que se tem.');
  return [...new Set(patterns)];
}

/** A scope as it is kept, read again. */
export function scopeOf(kept: string | null): string[] | null {
  return kept === null ? null : kept.split(' ');
}
