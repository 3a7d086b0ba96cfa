/** How OAuth 2 is asked over HTTP: forms, and the credential of a client (RFC 6749, 2.3.1 and 3.2). */

import { readBytes } from '../../transport/http/kit/json-body';
import { OAuthError } from './oauth.model';

const formBytesMax = 16 * 1024;

/** @throws OAuthError invalid_request, Problem CORPO_GRANDE_DEMAIS */
export async function readForm(request: Request): Promise<URLSearchParams> {
  const type = request.headers.get('content-type') ?? '';
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) {
    throw new OAuthError('invalid_request', 'Envie o corpo como application/x-www-form-urlencoded.');
  }
  return new URLSearchParams(new TextDecoder().decode(await readBytes(request, formBytesMax)));
}

/** A parameter, given exactly once. @throws OAuthError invalid_request */
export function required(form: URLSearchParams, name: string): string {
  const value = optional(form, name);
  if (value === null) throw new OAuthError('invalid_request', `O parametro ${name} e obrigatorio.`);
  return value;
}

/** A parameter, given at most once; one without a value counts as left out. @throws OAuthError invalid_request */
export function optional(form: URLSearchParams, name: string): string | null {
  const values = form.getAll(name);
  if (values.length > 1) throw new OAuthError('invalid_request', `O parametro ${name} veio mais de uma vez.`);
  return values[0] || null;
}

/**
 * The credential of a client, by HTTP Basic or in the body, not both.
 * @throws OAuthError invalid_request, invalid_client
 */
export function clientOf(request: Request, form: URLSearchParams): { id: string; secret: string } {
  const header = request.headers.get('authorization');
  const [id, secret] = [optional(form, 'client_id'), optional(form, 'client_secret')];
  if (header === null) {
    if (id === null || secret === null) throw new OAuthError('invalid_client', 'Falta a credencial do cliente.');
    return { id, secret };
  }
  const [, encoded] = /^Basic +([A-Za-z0-9+/=_-]+) *$/i.exec(header) ?? [];
  if (encoded === undefined) throw new OAuthError('invalid_client', 'Use HTTP Basic.');
  if (secret !== null) throw new OAuthError('invalid_request', 'A credencial do cliente veio de duas formas.');
  const decoded = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon === -1) throw new OAuthError('invalid_client', 'A credencial Basic esta malformada.');
  return { id: formDecode(decoded.slice(0, colon)), secret: formDecode(decoded.slice(colon + 1)) };
}

/** Both halves are form-encoded before they are joined. */
function formDecode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new OAuthError('invalid_client', 'A credencial Basic esta malformada.');
  }
}
