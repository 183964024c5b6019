/** Why an ID Token is refused. */
export type InvalidIdTokenCause =
  /** Not a signed JWT. */
  | 'malformed'
  /** No issuer can be read: not a JWT, or an encrypted one where `idTokenEncryption` is not set. */
  | 'unreadable'
  /** `iss` is no configured issuer. Compare letters and the last slash with the option `issuer`. */
  | 'unknown-issuer'
  /** `typ` is neither absent nor `JWT`. */
  | 'wrong-type'
  /** A Logout Token, or another token with `events`. */
  | 'logout-token'
  /** By other algorithms or to another key than those of the option `idTokenEncryption`. */
  | 'not-encrypted-as-agreed'
  /** `aud` does not have the option `clientId`. */
  | 'wrong-audience'
  /** `nbf` is in the future. Set the clocks. */
  | 'not-yet-valid'
  /** The provider has no such key; without `kid`, none that verifies the signature. */
  | 'unknown-key'
  /** The signature does not fit the key; with `HS256`, the `clientSecret`. */
  | 'wrong-signature'
  /** `alg` is not one of the option `algorithms`. */
  | 'algorithm-not-allowed'
  /** The header has `crit` or `b64`, which no ID Token needs. */
  | 'unsupported-header'
  /** A required claim is missing. */
  | 'claim-missing'
  /** A claim is of the wrong type, or empty. */
  | 'claim-malformed'
  /** At `rotate`: the new ID Token is of another user than the login. */
  | 'another-subject';
