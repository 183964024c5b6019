const PRINTABLE = /^[\x21-\x7e]+$/;
// The URL parser lets `*`, `;` and `,` stand in a host name, which mean something in headers.
const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])$/;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * Tells whether a provider's URL may be used: absolute, `https:` (or `http:` on loopback, or anywhere
 * when insecure requests are allowed), without user information and without a fragment, and of
 * characters that may stand in a header.
 */
export function isSecureUrl(value: unknown, allowInsecure: boolean): value is string {
  if (typeof value !== 'string' || !PRINTABLE.test(value) || value.includes('#')) return false;
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, username, password } = new URL(value);
  if (username !== '' || password !== '' || !HOST.test(hostname)) return false;
  return (
    protocol === 'https:' || (protocol === 'http:' && (allowInsecure || LOOPBACK.test(hostname)))
  );
}
