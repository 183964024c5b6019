import type { Request, Response } from 'express';
import { callOption, errorOf } from '../input/app-function.ts';
import {
  type HttpError,
  InsufficientScopeError,
  MissingTokenError,
  StoreUnavailableError,
} from '../errors.ts';
import { checkText } from '../input/checks.ts';
import { callable, choice, optional, withDefault } from '../input/kinds.ts';
import { isNone } from '../input/none.ts';
import { type Option, type OptionsOf, optionsOfCall, readOptions } from '../input/option.ts';
import type { Events } from '../events.ts';
import { tellTokenRefused } from '../refusal-events.ts';
import type { InvalidTokenCause } from '../refusals/access-token.ts';
import { evidenceOf } from '../token/evidence.ts';
import type { AccessToken } from '../access-token/access-token.ts';
import type { AccessTokens } from '../access-token/access-tokens.ts';
import { refusal } from '../access-token/refusal.ts';
import type { RequestAuth } from '../access-token/request-auth.ts';
import type { TokenStatus } from '../access-token/token-status.ts';
import type { ProviderSettings } from '../provider/provider-settings.ts';
import { type KnownTokens, readBearerToken } from './bearer-token.ts';
import { forbidCaching, sendEmpty, setHeaders } from './answer.ts';
import { sendOAuthError } from './endpoint.ts';
import type { Middleware } from './middleware.ts';
import { RequestEnd } from './request-end.ts';

/** @inline */
type FoundToken = string | undefined | null;

/** @inline */
type FindToken = (req: Request) => FoundToken | Promise<FoundToken>;

export const GUARD_OPTIONS = {
  /**
   * The scopes that the access token must have, all of them: an array, or one string with spaces.
   * Default: none.
   */
  scope: withDefault(scopes(), [], 'none'),

  /**
   * Finds the access token elsewhere, such as in the app's own session. The function may be async.
   * The app has to prevent pages of other sites from using its cookie. No token found is answered
   * 401, as without credentials. If the function fails, or finds a value other than a string, the
   * error goes to `next`. Default: `Authorization: Bearer`.
   */
  token: optional(callable<FindToken>(), '`Authorization: Bearer`'),

  /**
   * Who answers a refused request or an outage: with `next` nothing is sent, and the error goes to
   * the app's error handler, with `status`, `headers` and `code`. Default: `answer`.
   */
  errors: choice('answer', 'next'),
};

/** Options of one guard. */
export interface GuardOptions extends OptionsOf<typeof GUARD_OPTIONS> {}

export interface Decisions {
  statusOf(token: AccessToken): Promise<TokenStatus>;
  /** `undefined` where the list has to be asked. */
  known?(token: AccessToken): TokenStatus | undefined;
}

export interface GuardParts {
  readonly accessTokens: AccessTokens;
  readonly decisions: Decisions;
  readonly onStoreError: 'deny' | 'allow';
  readonly events: Events;
  readonly scope: readonly string[];
  readonly errors: 'answer' | 'next';
  readonly readToken: (req: Request, known: KnownTokens) => string | Promise<string>;
}

export function guard({
  accessTokens,
  decisions,
  onStoreError,
  events,
  scope,
  errors,
  readToken,
}: GuardParts): Middleware {
  function statusOf(accessToken: AccessToken): Promise<TokenStatus | undefined> {
    const status = decisions.statusOf(accessToken);
    const isAllowed = onStoreError === 'allow' && needsNoLogin(accessToken);
    return isAllowed ? status.catch(passOutage) : status;
  }

  function admit(req: Request, accessToken: AccessToken, status: TokenStatus | undefined): void {
    refuse(accessToken, status);
    refuseScope(accessToken, scope);
    (req as { auth?: RequestAuth }).auth = accessToken.auth;
  }

  async function ask(req: Request, accessToken: AccessToken): Promise<void> {
    admit(req, accessToken, await statusOf(accessToken));
  }

  // A token whose status is known passes in the same turn.
  function authorize(req: Request): Promise<void> | undefined {
    const token = readToken(req, accessTokens);
    return typeof token === 'string'
      ? authorizeToken(req, token)
      : token.then((late) => authorizeToken(req, late));
  }

  function authorizeToken(req: Request, token: string): Promise<void> | undefined {
    const known = accessTokens.recall(token);
    if (known === undefined) {
      return accessTokens.verify(token).then((verified) => ask(req, verified));
    }
    const status = decisions.known?.(known);
    if (status === undefined) return ask(req, known);
    admit(req, known, status);
    return undefined;
  }

  const sendError = errors === 'next' ? undefined : sendRefusal;
  const rules = { name: 'guard()', sendError, onRefusal: tellTokenRefused(events, 'guard') };
  return function guardHandler(req, res, next) {
    const end = new RequestEnd({ req, res, next }, rules);
    return end.run(() => {
      const asking = authorize(req as Request);
      if (asking !== undefined) {
        return asking.then(() => {
          end.pass();
        });
      }
      end.pass();
      return undefined;
    });
  };
}

function refuse(token: AccessToken, status: TokenStatus | undefined): void {
  if (status === undefined) return;
  const { provider } = token;
  if (status.refusedBy !== undefined) throw refusal(provider, status.refusedBy);
  if (status.isSenderConstrained) throw refusal(provider, 'sender-constrained');
  if (status.isSaved || needsNoLogin(token)) return;
  throw refusal(provider, causeOf(token));
}

function causeOf({ isUnclear, saved }: AccessToken): InvalidTokenCause {
  if (isUnclear) return 'like-id-token';
  return saved === undefined ? 'subject-missing' : 'opaque-unknown';
}

// RFC 9068, section 2.2: an access token has a subject, so that its logins can be ended. A saved
// opaque token is nothing without its login.
function needsNoLogin(token: AccessToken): boolean {
  if (token.isUnclear || token.saved !== undefined) return false;
  if (token.subjectKey !== undefined) return true;
  return token.provider.settings.accessTokens.withoutSubject && token.sessionKey !== undefined;
}

function passOutage(error: unknown): undefined {
  if (!(error instanceof StoreUnavailableError)) throw error;
}

function sendRefusal(error: HttpError, req: Request, res: Response): void {
  forbidCaching(res);
  if (error instanceof MissingTokenError) {
    setHeaders(res, error.headers);
    sendEmpty(res, error.status);
  } else sendOAuthError(error, req, res);
}

function refuseScope({ auth, provider }: AccessToken, required: readonly string[]): void {
  if (required.length === 0) return;
  const { token, payload } = auth;
  // RFC 9068, section 2.2.3. Microsoft Entra ID and Okta call the claim `scp`.
  const granted: unknown[] = [payload.scope ?? payload.scp].flat();
  const scopes = granted.flatMap((value) => (typeof value === 'string' ? value.split(' ') : []));
  const known = new Set(scopes);
  if (required.every((scope) => known.has(scope))) return;
  const observation = { expected: required.join(' '), found: scopes };
  const evidence = evidenceOf({ text: token, claims: payload }, 'scope', observation);
  throw new InsufficientScopeError(required, { ...evidence, issuer: provider.issuer });
}

export function resolveGuardOptions(
  options: GuardOptions,
  {
    audience,
    providers,
  }: {
    readonly audience: readonly string[] | undefined;
    readonly providers: readonly Pick<ProviderSettings, 'accessTokens'>[];
  },
): Pick<GuardParts, 'scope' | 'errors' | 'readToken'> {
  const { scope, token, errors } = readOptions(GUARD_OPTIONS, options, optionsOfCall('guard()'));
  const isEveryClientListed = providers.every(({ accessTokens }) => accessTokens.clients);
  if (audience === undefined && !isEveryClientListed) {
    throw new TypeError(
      '"audience" must be set for guard(): what "aud" of its access tokens contains',
    );
  }
  return { scope, errors, readToken: token === undefined ? readBearerToken : tokenReader(token) };
}

function tokenReader(token: FindToken): GuardParts['readToken'] {
  return (req) => {
    let found: FoundToken | Promise<FoundToken>;
    try {
      found = token(req);
    } catch (error) {
      throw errorOf(error, 'The function "token"');
    }
    if (typeof found === 'string') return checkFound(found);
    const late = found;
    return callOption('token', () => late).then(checkFound);
  };
}

function checkFound(found: unknown): string {
  if (isNone(found)) throw new MissingTokenError();
  return checkText(found, 'token()');
}

// RFC 6749, section 3.3
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

// The scopes end up in a header.
function scopes(): Option<string | readonly string[], readonly string[]> {
  return {
    takes: 'scope names, with spaces or as an array',
    read(given, { name }) {
      const names: unknown[] = typeof given === 'string' ? given.split(' ') : [given].flat();
      const isScope = (value: unknown) => typeof value === 'string' && SCOPE_TOKEN.test(value);
      if (names.every(isScope)) return names as string[];
      throw new TypeError(
        `"${name}" must be scope names: a string with single spaces, or an array`,
      );
    },
  };
}
