const UNKNOWN_ISSUER = 'The Logout Token is of an unknown issuer';
const NOT_AUTHENTIC = 'The Logout Token is not authentic or not meant for this client';
const EXPIRED = 'The Logout Token expired, or is not of the past';
const MALFORMED_CLAIM = 'A claim of the Logout Token is missing or malformed';

/** Why a Logout Token is refused. */
export type InvalidLogoutTokenCause =
  /** Not a signed JWT. */
  | 'malformed'
  /**
   * No issuer can be read: not a JWT, or an encrypted one where `idTokenEncryption` is not set, or
   * where several providers encrypt and `iss` is not in the header.
   */
  | 'unreadable'
  /** `iss` is no configured issuer. Compare letters and the last slash with the option `issuer`. */
  | 'unknown-issuer'
  /** `typ` is neither `logout+jwt` nor, without `strict`, `JWT`. */
  | 'wrong-type'
  /**
   * Not encrypted, by other algorithms, to another key, compressed, or its header repeats other
   * claims. Compare the option `idTokenEncryption` with the registration.
   */
  | 'not-encrypted-as-agreed'
  /** `aud` does not have the option `clientId`. The token is for another client. */
  | 'wrong-audience'
  /** With `strict`: `aud` has further audiences. */
  | 'further-audiences'
  /** `nbf` is in the future. Set the clocks; `clockTolerance` allows for a few seconds. */
  | 'not-yet-valid'
  /** `iat` is in the future. Set the clocks; `clockTolerance` allows for a few seconds. */
  | 'issued-in-future'
  /** `exp` is over; without `exp`, `iat` is older than `logoutTokenMaxAge`. */
  | 'expired'
  /** The provider has no such key; without `kid`, none that verifies the signature. */
  | 'unknown-key'
  /** The signature does not fit the key; with `HS256`, the `clientSecret`. */
  | 'wrong-signature'
  /** `alg` is not one of the option `logoutTokenAlgorithms`. */
  | 'algorithm-not-allowed'
  /** The header has `crit` or `b64`, which no Logout Token needs. */
  | 'unsupported-header'
  /** The token has a `nonce`, so it may be an ID Token. */
  | 'nonce'
  /** `events` lacks the event of a back-channel logout. */
  | 'event-missing'
  /** A required claim is missing. */
  | 'claim-missing'
  /** A claim is of the wrong type, or empty. */
  | 'claim-malformed'
  /** Neither `sub` nor `sid` is there. */
  | 'session-missing'
  /** The session of `sid` belongs to another user than `sub`. */
  | 'another-subject';

/** One fixed text for each. */
export const INVALID_LOGOUT_TOKEN: Readonly<Record<InvalidLogoutTokenCause, string>> = {
  malformed: 'The Logout Token is malformed',
  unreadable: UNKNOWN_ISSUER,
  'unknown-issuer': UNKNOWN_ISSUER,
  'wrong-type': 'The token is not a Logout Token',
  'not-encrypted-as-agreed': 'The Logout Token is not encrypted as agreed',
  'wrong-audience': NOT_AUTHENTIC,
  'further-audiences': NOT_AUTHENTIC,
  'not-yet-valid': NOT_AUTHENTIC,
  'issued-in-future': EXPIRED,
  expired: EXPIRED,
  'unknown-key': NOT_AUTHENTIC,
  'wrong-signature': NOT_AUTHENTIC,
  'algorithm-not-allowed': NOT_AUTHENTIC,
  'unsupported-header': NOT_AUTHENTIC,
  nonce: 'The Logout Token has a nonce',
  'event-missing': 'The Logout Token has no back-channel logout event',
  'claim-missing': MALFORMED_CLAIM,
  'claim-malformed': MALFORMED_CLAIM,
  'session-missing': 'The Logout Token has neither sub nor sid',
  'another-subject': 'The sub and the sid of the Logout Token do not belong together',
};
