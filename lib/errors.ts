import { INVALID_TOKEN, type InvalidTokenCause } from './refusals/access-token.ts';
import type { Evidence } from './refusals/evidence.ts';
import type { InvalidIdTokenCause } from './refusals/id-token.ts';
import { INVALID_LOGOUT_TOKEN, type InvalidLogoutTokenCause } from './refusals/logout-token.ts';

/**
 * Base class of every error of this package. `code` is stable and tells the cause. No error
 * contains a token, a secret or a claim.
 */
export abstract class OidcLogoutError extends Error {
  /** Stable, and of this class alone: tell errors apart by their code. */
  abstract readonly code: string;

  /** The name of the class. */
  override get name(): string {
    return this.constructor.name;
  }
}

/**
 * An error with its answer: Express's error handler reads `status` and `headers`; `error` and the
 * message are the members of the body. With `statusCode` and `expose` the error counts as one of
 * http-errors, as NestJS and others expect.
 *
 * @see [RFC 6749, section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)
 */
export abstract class HttpError extends OidcLogoutError {
  /** The status of the answer. */
  abstract readonly status: number;
  /** The member `error` of the body. */
  abstract readonly error: string;
  /** The headers of the answer that tell of the error. */
  readonly headers: Readonly<Record<string, string>> = {};

  /** The same as `status`. */
  get statusCode(): number {
    return this.status;
  }

  /** Whether the message is told to the sender: below 500, as in http-errors. */
  get expose(): boolean {
    return this.status < 500;
  }
}

const CHALLENGE = 'Bearer realm="api"';

// RFC 6750, section 3
function challenge(error: string, description: string): string {
  return `${CHALLENGE}, error="${error}", error_description="${description}"`;
}

const INVALID_REQUEST = {
  'body-missing': 'The request has no body',
  'body-malformed': 'The body cannot be parsed',
  'body-not-an-object': 'The body is not a JSON object',
  'access-token-missing': 'The field access_token is missing or empty',
  'access-token-not-a-string': 'The field access_token is not a string',
  'access-token-ambiguous': 'The fields access_token and token differ',
  'refresh-token-empty': 'The field refresh_token is empty',
  'refresh-token-not-a-string': 'The field refresh_token is not a string',
  'refresh-token-of-another-session': 'The refresh token belongs to another session',
  'unknown-field': 'The body has an unknown field',
  'unknown-parameter': 'The URL has an unknown parameter',
  'return-to-not-allowed': 'The place to return to is not allowed',
  'post-logout-redirect-uri-not-allowed': 'The post-logout redirect URI is not a configured one',
  'logout-token-missing': 'The field logout_token is missing, empty or repeated',
  'issuer-unknown': 'The parameter iss is missing, repeated or not a configured issuer',
  'session-missing': 'The parameter sid is missing, empty or repeated',
  'credentials-malformed': 'The Authorization header is not a well-formed Bearer credential',
  'credentials-repeated': 'The request carries an access token in more than one way',
} as const;

/**
 * The fault of a request: one word per cause, one fixed text per word.
 *
 * @useDeclaredType
 */
export type InvalidRequestCause = keyof typeof INVALID_REQUEST;

const PRINTABLE_FIELD = /^[A-Za-z_]{1,32}$/;

/** The request is malformed; nothing was changed. Status 400, `invalid_request`. */
export class InvalidRequestError extends HttpError {
  /** The code of these errors. */
  static readonly code = 'ERR_OIDC_LOGOUT_INVALID_REQUEST';
  readonly code = InvalidRequestError.code;
  readonly status = 400;
  readonly error = 'invalid_request';
  /** What is wrong. */
  readonly reason: InvalidRequestCause;
  /** The unknown field or parameter; absent when its name contains unusual characters. */
  readonly field: string | undefined;
  override readonly headers: Readonly<Record<string, string>>;

  constructor(reason: InvalidRequestCause, field?: string) {
    const name = field !== undefined && PRINTABLE_FIELD.test(field) ? field : undefined;
    super(name === undefined ? INVALID_REQUEST[reason] : `${INVALID_REQUEST[reason]}: ${name}`);
    this.reason = reason;
    this.field = name;
    this.headers = reason.startsWith('credentials-')
      ? { 'WWW-Authenticate': challenge('invalid_request', this.message) }
      : {};
  }
}

/** The request may come from a page of another site. Status 403; nothing was changed. */
export class CrossOriginError extends HttpError {
  /** The code of these errors. */
  static readonly code = 'ERR_OIDC_LOGOUT_CROSS_ORIGIN';
  readonly code = CrossOriginError.code;
  readonly status = 403;
  readonly error = 'invalid_request';

  constructor() {
    super('The request does not come from a page of this app');
  }
}

/** The endpoint does not serve this method. Status 405 with `Allow`. */
export class MethodNotAllowedError extends HttpError {
  /** The code of these errors. */
  static readonly code = 'ERR_OIDC_LOGOUT_METHOD_NOT_ALLOWED';
  readonly code = MethodNotAllowedError.code;
  readonly status = 405;
  readonly error = 'invalid_request';
  override readonly headers: Readonly<Record<string, string>>;

  constructor(allow: string) {
    super('The endpoint does not serve this method');
    this.headers = { Allow: allow };
  }
}

/** The body is larger than `bodyLimit`. Status 413. */
export class PayloadTooLargeError extends HttpError {
  /** The code of these errors. */
  static readonly code = 'ERR_OIDC_LOGOUT_PAYLOAD_TOO_LARGE';
  readonly code = PayloadTooLargeError.code;
  readonly status = 413;
  readonly error = 'invalid_request';

  constructor() {
    super('The body is too large');
  }
}

/** The body is neither JSON nor a form, or its charset or encoding is unknown. Status 415. */
export class UnsupportedMediaTypeError extends HttpError {
  /** The code of these errors. */
  static readonly code = 'ERR_OIDC_LOGOUT_UNSUPPORTED_MEDIA_TYPE';
  readonly code = UnsupportedMediaTypeError.code;
  readonly status = 415;
  readonly error = 'invalid_request';

  constructor() {
    super('The media type, charset or encoding of the body is not supported');
  }
}

/**
 * The request has no Bearer credentials. Status 401 with a bare challenge and no body.
 *
 * @see [RFC 6750, section 3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1)
 */
export class MissingTokenError extends HttpError {
  /** The code of these errors. */
  static readonly code = 'ERR_OIDC_LOGOUT_MISSING_TOKEN';
  readonly code = MissingTokenError.code;
  readonly status = 401;
  readonly error = 'invalid_token';
  override readonly headers: Readonly<Record<string, string>> = { 'WWW-Authenticate': CHALLENGE };

  constructor() {
    super('The request has no access token');
  }
}

/** A token is refused; the members tell why, for logs. The answer has the message alone. */
abstract class RefusedTokenError extends HttpError implements Evidence {
  /** The claim, the header member or the member of the answer concerned. */
  readonly claim: string | undefined;
  /** What the configuration expects there. */
  readonly expected: string | undefined;
  /** What the token has there, in printable ASCII and 200 characters at most. */
  readonly found: string | undefined;
  /** The configured issuer of the token's provider. */
  readonly issuer: string | undefined;

  constructor(message: string, { claim, expected, found, issuer }: Evidence) {
    super(message);
    this.claim = claim;
    this.expected = expected;
    this.found = found;
    this.issuer = issuer;
  }
}

/**
 * The token is forged, expired, invalidated, or no access token. Status 401, `invalid_token`.
 *
 * @see [RFC 6750, section 3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1)
 */
export class InvalidTokenError extends RefusedTokenError {
  /** The code of these errors. */
  static readonly code = 'ERR_OIDC_LOGOUT_INVALID_TOKEN';
  readonly code = InvalidTokenError.code;
  readonly status = 401;
  readonly error = 'invalid_token';
  /** Why the access token is refused. */
  readonly reason: InvalidTokenCause;
  override readonly headers: Readonly<Record<string, string>>;

  constructor(reason: InvalidTokenCause, evidence: Evidence = {}) {
    super(INVALID_TOKEN[reason], evidence);
    this.reason = reason;
    this.headers = { 'WWW-Authenticate': challenge('invalid_token', this.message) };
  }
}

/**
 * The Logout Token does not end a session of this client. Status 400, `invalid_request`.
 *
 * @see [OpenID Connect Back-Channel Logout 1.0, section 2.6](https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation)
 */
export class InvalidLogoutTokenError extends RefusedTokenError {
  /** The code of these errors. */
  static readonly code = 'ERR_OIDC_LOGOUT_INVALID_LOGOUT_TOKEN';
  readonly code = InvalidLogoutTokenError.code;
  readonly status = 400;
  readonly error = 'invalid_request';
  /** Why the Logout Token is refused. */
  readonly reason: InvalidLogoutTokenCause;

  constructor(reason: InvalidLogoutTokenCause, evidence: Evidence = {}) {
    super(INVALID_LOGOUT_TOKEN[reason], evidence);
    this.reason = reason;
  }
}

/** The access token lacks a scope of the route. Status 403, `insufficient_scope`. */
export class InsufficientScopeError extends RefusedTokenError {
  /** The code of these errors. */
  static readonly code = 'ERR_OIDC_LOGOUT_INSUFFICIENT_SCOPE';
  readonly code = InsufficientScopeError.code;
  readonly status = 403;
  readonly error = 'insufficient_scope';
  /** Why the access token is refused. */
  readonly reason = 'insufficient-scope';
  override readonly headers: Readonly<Record<string, string>>;

  constructor(scope: readonly string[], evidence: Evidence = {}) {
    super('The access token lacks a required scope', evidence);
    this.headers = {
      'WWW-Authenticate': `${challenge('insufficient_scope', this.message)}, scope="${scope.join(' ')}"`,
    };
  }
}

abstract class TemporarilyUnavailableError extends HttpError {
  readonly status = 503;
  readonly error = 'temporarily_unavailable';
  override readonly headers: Readonly<Record<string, string>> = { 'Retry-After': '1' };
  /** A short word of the failure: an error code such as `ECONNREFUSED`, or `timeout`. */
  readonly reason: string;

  constructor(message: string, reason: string) {
    super(message);
    this.reason = reason;
  }
}

/** The store did not answer within `storeTimeout`, or refused. Status 503 with `Retry-After`. */
export class StoreUnavailableError extends TemporarilyUnavailableError {
  /** The code of these errors. */
  static readonly code = 'ERR_OIDC_LOGOUT_STORE_UNAVAILABLE';
  readonly code = StoreUnavailableError.code;

  constructor(reason: string) {
    super('The invalidation list is not reachable', reason);
  }
}

// No outage, and no fault of the token.
const PROVIDER_UNAVAILABLE: Readonly<Partial<Record<string, string>>> = {
  NO_INTROSPECTION_ENDPOINT: 'The OpenID Provider has no introspection endpoint',
  UNUSABLE_INTROSPECTION_ENDPOINT: 'The introspection endpoint of the OpenID Provider is unusable',
};

/**
 * The provider's metadata or keys are not available, or the provider cannot be asked about a token.
 * Status 503 with `Retry-After`.
 */
export class ProviderUnavailableError extends TemporarilyUnavailableError {
  /** The code of these errors. */
  static readonly code = 'ERR_OIDC_LOGOUT_PROVIDER_UNAVAILABLE';
  readonly code = ProviderUnavailableError.code;
  /** The provider, where it is known. */
  readonly issuer: string | undefined;

  constructor(reason: string, issuer?: string) {
    super(PROVIDER_UNAVAILABLE[reason] ?? 'The OpenID Provider is not reachable', reason);
    this.issuer = issuer;
  }
}

/** The provider did not issue the ID Token given to `sessions` for this client. */
export class InvalidIdTokenError extends OidcLogoutError implements Evidence {
  /** The code of these errors. */
  static readonly code = 'ERR_OIDC_LOGOUT_INVALID_ID_TOKEN';
  readonly code = InvalidIdTokenError.code;
  /** Why the ID Token is refused. */
  readonly reason: InvalidIdTokenCause;
  /** The claim or the header member concerned. */
  readonly claim: string | undefined;
  /** What the configuration expects there. */
  readonly expected: string | undefined;
  /** What the token has there, in printable ASCII and 200 characters at most. */
  readonly found: string | undefined;
  /** The configured issuer of the token's provider. */
  readonly issuer: string | undefined;

  constructor(reason: InvalidIdTokenCause, { claim, expected, found, issuer }: Evidence = {}) {
    super('The ID Token is not one that the provider issued to this client');
    this.reason = reason;
    this.claim = claim;
    this.expected = expected;
    this.found = found;
    this.issuer = issuer;
  }
}

/**
 * The session ended before its tokens were saved or rotated, or `rotate` found no saved login. The
 * user has to log in again.
 */
export class SessionEndedError extends OidcLogoutError {
  /** The code of these errors. */
  static readonly code = 'ERR_OIDC_LOGOUT_SESSION_ENDED';
  readonly code = SessionEndedError.code;

  constructor() {
    super('The session has ended');
  }
}
