// A reversed domain name, so with a dot: `javascript:` and `data:` have none.
const PRIVATE_USE = /^[a-z][a-z\d-]*(?:\.[a-z\d-]+)+:\/[\x21\x22\x24-\x7e]*$/i;

/**
 * A native app's own URI, such as `com.example.app:/logged-out`.
 *
 * @see [RFC 8252, section 7.1](https://www.rfc-editor.org/rfc/rfc8252#section-7.1)
 */
export function isPrivateUseUri(value: unknown): value is string {
  return typeof value === 'string' && PRIVATE_USE.test(value) && URL.canParse(value);
}
