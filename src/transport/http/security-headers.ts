/** What every answer tells a browser, so that a mistake elsewhere cannot become an attack. */

const yearSeconds = 31_536_000;

/**
 * Pages run scripts from this server only, never inline, and no other site may frame them. Styles may be inline: the
 * user interface and the documentation set them from script, and they execute nothing.
 */
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self' blob:",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');
/** Data is no page, whatever a browser is made to believe. */
const dataPolicy = "default-src 'none'; frame-ancestors 'none'";

const always: readonly (readonly [string, string])[] = [
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'DENY'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-opener-policy', 'same-origin'],
  ['cross-origin-resource-policy', 'same-origin'],
  ['permissions-policy', 'camera=(), geolocation=(), microphone=(), payment=(), usb=()'],
];

/**
 * Adds the headers an answer lacks.
 * @param secure whether the connection is encrypted; only then may a browser be told to insist on it.
 * @param api whether it is an answer of the API, which no cache may keep unless it says so itself.
 */
export function addSecurityHeaders(headers: Headers, { secure, api }: { secure: boolean; api: boolean }): void {
  for (const [name, value] of always) headers.set(name, value);
  if (secure) headers.set('strict-transport-security', `max-age=${yearSeconds}`);
  if (!headers.has('content-security-policy')) {
    const isPage = headers.get('content-type')?.startsWith('text/html') ?? false;
    headers.set('content-security-policy', isPage ? pagePolicy : dataPolicy);
  }
  if (api && !headers.has('cache-control')) headers.set('cache-control', 'no-store');
}
