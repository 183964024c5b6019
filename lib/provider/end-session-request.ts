import { randomBytes } from 'node:crypto';
import { InvalidRequestError } from '../errors.ts';
import { callOption } from '../input/app-function.ts';
import { textOrNone } from '../input/none.ts';
import { readJwt } from '../token/jwt.ts';
import { buildEndSessionUrl, type EndSessionParameter, sentParameters } from './end-session-url.ts';
import type { Provider } from './provider.ts';

export interface SessionAtProvider {
  readonly subject: string | undefined;
  readonly sid: string | undefined;
  /** The ID Token that the request may carry; read for `logoutHint` alone. */
  readonly readIdToken: () => Promise<string | undefined>;
}

export interface EndSessionRules {
  readonly includeClientId: boolean;
}

/** A form that a page can post instead of following a long URL. */
export interface EndSessionForm {
  /** Where the form is posted: the End Session endpoint. */
  readonly action: string;
  /** How the form is sent. */
  readonly method: 'POST';
  /** The hidden fields, by their names. */
  readonly fields: Readonly<Record<string, string>>;
}

export interface EndSessionRequest {
  readonly redirect: string;
  readonly form: (() => EndSessionForm) | undefined;
}

export interface EndSessionParts {
  readonly idToken: string | undefined;
  /** `undefined` for the default. */
  readonly postLogoutRedirectUri: string | undefined;
  readonly state: string;
  /** Replaces an ID Token too long for the URL. */
  readonly sid: string | undefined;
}

export interface PreparedEndSession {
  /** Empty where the provider sends no `state` back. */
  readonly state: string;
  /** Whether the provider, given this ID Token, is asked to send the browser back. */
  returnsWith(idToken: string | undefined): boolean;
  with(parts: EndSessionParts): EndSessionRequest;
}

interface Standard {
  readonly provider: Provider;
  readonly endpoint: string;
  readonly hint: string | undefined;
  readonly includeClientId: boolean;
}

/** @throws {@link InvalidRequestError} when the chosen URI is not a configured one. */
export function checkPostLogoutRedirectUri({ settings }: Provider, chosen: string | undefined) {
  if (chosen === undefined || settings.postLogoutRedirectUri.includes(chosen)) return;
  throw new InvalidRequestError('post-logout-redirect-uri-not-allowed');
}

/**
 * Every failure happens here, before anything ends. `undefined` where the provider has no End
 * Session endpoint.
 *
 * @throws {@link ProviderUnavailableError} when the provider's metadata cannot be fetched.
 *
 * @see [OpenID Connect RP-Initiated Logout 1.0, section 2](https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout)
 */
export async function prepareEndSession(
  provider: Provider,
  session: SessionAtProvider,
  { includeClientId }: EndSessionRules,
): Promise<PreparedEndSession | undefined> {
  const { endSession, postLogoutRedirectUri } = provider.settings;
  if (endSession === 'auth0') {
    const base = provider.issuer.endsWith('/') ? provider.issuer : `${provider.issuer}/`;
    return withoutState(provider, new URL('v2/logout', base).href, 'returnTo');
  }
  const endpoint = await provider.endSessionEndpoint();
  if (endpoint === undefined) return undefined;
  if (endSession === 'cognito') return withoutState(provider, endpoint, 'logout_uri');
  const hint = await logoutHint(provider, session);
  const standard = { provider, endpoint, hint, includeClientId };
  return {
    state: postLogoutRedirectUri.length === 0 ? '' : randomBytes(32).toString('base64url'),
    returnsWith: (idToken) => returnsWith(provider, idToken),
    with: (parts) => standardRequest(standard, parts),
  };
}

function withoutState(
  { settings }: Provider,
  endpoint: string,
  returnParameter: string,
): PreparedEndSession {
  const { clientId, postLogoutRedirectUri, endSessionParameters } = settings;
  return {
    state: '',
    returnsWith: () => true,
    with: ({ postLogoutRedirectUri: uri = postLogoutRedirectUri[0] }) => ({
      redirect: buildEndSessionUrl(endpoint, [
        ['client_id', clientId],
        [returnParameter, uri],
        ...Object.entries(endSessionParameters),
      ]),
      form: undefined,
    }),
  };
}

function standardRequest(
  { provider, endpoint, hint, includeClientId }: Standard,
  { idToken, state, sid, ...chosen }: EndSessionParts,
): EndSessionRequest {
  const { settings } = provider;
  const { clientId, idTokenHint, maxRedirectLength } = settings;
  const { postLogoutRedirectUri = settings.postLogoutRedirectUri[0] } = chosen;
  const isReturning = returnsWith(provider, idToken);
  const parameters = (...hints: readonly EndSessionParameter[]): EndSessionParameter[] => [
    ...hints,
    ['client_id', includeClientId ? clientId : undefined],
    ['post_logout_redirect_uri', isReturning ? postLogoutRedirectUri : undefined],
    ['state', isReturning ? state : undefined],
    ['logout_hint', hint],
    ['ui_locales', settings.uiLocales],
    ...Object.entries(settings.endSessionParameters),
  ];
  const isSent = isHint(provider, idToken);
  const whole = isSent ? parameters(['id_token_hint', idToken]) : parameters();
  const form = (): EndSessionForm => ({
    action: endpoint,
    method: 'POST',
    fields: sentParameters(endpoint, whole),
  });
  const redirect = buildEndSessionUrl(endpoint, whole);
  const isTooLong = idTokenHint === 'auto' && redirect.length > maxRedirectLength;
  if (!isSent || !isTooLong) return { redirect, form };
  // In place of the ID Token, these parameters tell the client and the session.
  const short = [...parameters(['client_id', clientId]), ['logout_hint', sid] as const];
  return { redirect: buildEndSessionUrl(endpoint, short), form };
}

function returnsWith(provider: Provider, idToken: string | undefined): boolean {
  return provider.settings.idTokenHint !== 'required' || isHint(provider, idToken);
}

// The provider could not read a token encrypted to this client.
function isHint({ settings }: Provider, idToken: string | undefined): boolean {
  return (
    settings.idTokenHint !== 'never' && idToken !== undefined && readJwt(idToken) !== undefined
  );
}

async function logoutHint(
  { issuer, settings }: Provider,
  { subject, sid, readIdToken }: SessionAtProvider,
): Promise<string | undefined> {
  if (settings.logoutHint === undefined) return undefined;
  const idTokenClaims = readJwt((await readIdToken()) ?? '')?.claims;
  const hint: unknown = await callOption('logoutHint', () =>
    settings.logoutHint?.({ issuer, subject, sid, idTokenClaims }),
  );
  return textOrNone(hint, 'logoutHint()');
}
