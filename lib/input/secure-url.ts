const PRINTABLE = /^[\x21-\x7e]+$/;
// The URL parser allows `*`, `;` and `,` in a host name; in headers these characters have a
// meaning.
const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])$/;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * Absolute, `https:` (`http:` on loopback, or anywhere if insecure requests are allowed), without
 * user information or fragment, and of characters allowed in a header.
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

const WITHOUT_SCHEME = /^(?:localhost|[a-z\d-]+(?:\.[a-z\d-]+)+)(?::\d+)?(?:\/[^?]*)?$/i;

/** The URL that is meant by a host without `https://` or, on loopback, `http://`. */
export function withScheme(value: unknown): string | undefined {
  if (typeof value !== 'string' || !WITHOUT_SCHEME.test(value)) return undefined;
  return [`http://${value}`, `https://${value}`].find((url) => isSecureUrl(url, false));
}

/** The end of a text that refuses this value. */
export function schemeHint(value: unknown): string {
  const meant = withScheme(value);
  return meant === undefined ? '' : `; did you mean "${meant}"?`;
}
