const MALFORMED = 'The access token is malformed or unknown';
const NOT_AUTHENTIC = 'The access token is not authentic or not meant for this API';
const WRONG_KIND = 'The token is not an access token';
const INVALIDATED = 'The access token was invalidated by a logout';

/** Why an access token is refused. */
export type InvalidTokenCause =
  /** Neither a whole JWT nor opaque, or nested too deep. Look at what the client sends. */
  | 'malformed'
  /**
   * Opaque, nobody saved the token, and no provider may be asked. Call `sessions.save` at the login,
   * or set `introspection`.
   */
  | 'opaque-unknown'
  /** Opaque, nobody saved the token, and the provider says that it is not active. Log in anew. */
  | 'opaque-inactive'
  /** `iss` is no configured issuer. Compare letters and the last slash with the option `issuer`. */
  | 'unknown-issuer'
  /** The provider's introspection tells of a token of another issuer. */
  | 'other-issuer'
  /**
   * `aud` has no configured audience, or is missing. Let the provider issue tokens for this API, or
   * set `audience`.
   */
  | 'wrong-audience'
  /**
   * The token names no audience, or none is configured, and its client is another one; or its client
   * is not in `accessTokens.clients`.
   */
  | 'other-client'
  /** `nbf` is in the future. Set the clocks; `clockTolerance` allows for a few seconds. */
  | 'not-yet-valid'
  /** `exp` is over; at a logout, for longer than `expiredTokenGrace`. Refresh the token. */
  | 'expired'
  /** From `iat` to `exp` is longer than `maxTokenLifetime`. Shorten one, or raise the other. */
  | 'lives-too-long'
  /**
   * The provider has no such key; without `kid`, none that verifies the signature. The token is of
   * another provider or realm, or `jwks` is outdated.
   */
  | 'unknown-key'
  /** The signature does not fit the key. The token was changed, or is forged. */
  | 'wrong-signature'
  /** `alg` is not one of the option `algorithms`. */
  | 'algorithm-not-allowed'
  /** The header has `crit` or `b64`, which no access token needs. */
  | 'unsupported-header'
  /**
   * `typ`, or the claim by which this provider tells the kind, says another kind of token. With
   * `strict` only `at+jwt` passes.
   */
  | 'wrong-type'
  /** A Logout Token, or another token with `events`. */
  | 'logout-token'
  /** A refresh token that was saved. Send the access token. */
  | 'refresh-token'
  /**
   * Its claims may be an ID Token's. Send the access token; if the provider's look like that, call
   * `sessions.save` at the login, or set `accessTokens.likeIdTokens`.
   */
  | 'like-id-token'
  /** A required claim is missing. */
  | 'claim-missing'
  /** A claim is of the wrong type. */
  | 'claim-malformed'
  /**
   * No `sub`, and nobody saved the token. Call `sessions.save` at the login, or set
   * `accessTokens.withoutSubject`.
   */
  | 'subject-missing'
  /** `cnf`, DPoP or mutual TLS binds the token to its sender. Ask for plain Bearer tokens. */
  | 'sender-constrained'
  /** The provider says by introspection that the JWT is not active. Log in anew. */
  | 'inactive'
  /**
   * The introspection has neither `aud` nor `token_type`, so a refresh token would look the same.
   * Let the provider tell one of them, or set `accessTokens.withoutAudience`.
   */
  | 'introspection-unclear'
  /** The token itself was logged out, or came too late. Log in anew. */
  | 'token-invalidated'
  /** The session of the token ended. Log in anew. */
  | 'session-ended'
  /** All sessions of the user ended. Log in anew. */
  | 'subject-ended'
  /** The store lost its memory after the login, and `onStoreLoss` is `refuse`. Log in anew. */
  | 'memory-lost'
  /** For `sessions` alone: the access token is not of the session of the ID Token. */
  | 'of-another-session';

/** One fixed text for each. */
export const INVALID_TOKEN: Readonly<Record<InvalidTokenCause, string>> = {
  malformed: MALFORMED,
  'opaque-unknown': MALFORMED,
  'opaque-inactive': MALFORMED,
  'unknown-issuer': 'The access token is of an unknown issuer',
  'other-issuer': NOT_AUTHENTIC,
  'wrong-audience': NOT_AUTHENTIC,
  'other-client': NOT_AUTHENTIC,
  'not-yet-valid': NOT_AUTHENTIC,
  expired: 'The access token expired',
  'lives-too-long': 'The access token lives too long',
  'unknown-key': NOT_AUTHENTIC,
  'wrong-signature': NOT_AUTHENTIC,
  'algorithm-not-allowed': NOT_AUTHENTIC,
  'unsupported-header': NOT_AUTHENTIC,
  'wrong-type': WRONG_KIND,
  'logout-token': WRONG_KIND,
  'refresh-token': WRONG_KIND,
  'like-id-token': WRONG_KIND,
  'claim-missing': NOT_AUTHENTIC,
  'claim-malformed': NOT_AUTHENTIC,
  'subject-missing': 'The access token names no subject',
  'sender-constrained': 'The access token is bound to its sender, which cannot be checked',
  inactive: 'The provider says that the access token is not active',
  'introspection-unclear': WRONG_KIND,
  'token-invalidated': INVALIDATED,
  'session-ended': INVALIDATED,
  'subject-ended': INVALIDATED,
  'memory-lost': INVALIDATED,
  'of-another-session': 'The access token is not of the session of the ID Token',
};
