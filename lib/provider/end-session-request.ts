import { randomBytes } from 'node:crypto';
import { callOption } from '../input/app-function.ts';
import { checkText } from '../input/checks.ts';
import { readJwt } from '../token/jwt.ts';
import { buildEndSessionUrl, type EndSessionParameter, sentParameters } from './end-session-url.ts';
import type { Provider } from './provider.ts';

export interface SessionAtProvider {
  readonly subject: string | undefined;
  readonly sid: string | undefined;
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

export interface PreparedEndSession {
  /** Empty where the provider sends no `state` back. */
  readonly state: string;
  /** The `sid` replaces an ID Token too long for the URL. */
  with(idToken: string | undefined, state: string, sid: string | undefined): EndSessionRequest;
}

interface Standard {
  readonly provider: Provider;
  readonly endpoint: string;
  readonly hint: string | undefined;
  readonly includeClientId: boolean;
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
  const { clientId, postLogoutRedirectUri, endSession, endSessionParameters } = provider.settings;
  const others = Object.entries(endSessionParameters);
  if (endSession === 'auth0') {
    const base = provider.issuer.endsWith('/') ? provider.issuer : `${provider.issuer}/`;
    return withoutState(new URL('v2/logout', base).href, [
      ['client_id', clientId],
      ['returnTo', postLogoutRedirectUri],
      ...others,
    ]);
  }
  const endpoint = await provider.endSessionEndpoint();
  if (endpoint === undefined) return undefined;
  if (endSession === 'cognito') {
    return withoutState(endpoint, [
      ['client_id', clientId],
      ['logout_uri', postLogoutRedirectUri],
      ...others,
    ]);
  }
  const hint = await logoutHint(provider, session);
  const standard = { provider, endpoint, hint, includeClientId };
  return {
    state: postLogoutRedirectUri === undefined ? '' : randomBytes(32).toString('base64url'),
    with: (idToken, state, sid) => standardRequest(standard, idToken, state, sid),
  };
}

function withoutState(
  endpoint: string,
  parameters: readonly EndSessionParameter[],
): PreparedEndSession {
  const request = { redirect: buildEndSessionUrl(endpoint, parameters), form: undefined };
  return { state: '', with: () => request };
}

function standardRequest(
  { provider, endpoint, hint, includeClientId }: Standard,
  idToken: string | undefined,
  state: string,
  sid: string | undefined,
): EndSessionRequest {
  const { settings } = provider;
  const { clientId, postLogoutRedirectUri, idTokenHint, maxRedirectLength } = settings;
  const parameters = (...hints: readonly EndSessionParameter[]): EndSessionParameter[] => [
    ...hints,
    ['client_id', includeClientId ? clientId : undefined],
    ['post_logout_redirect_uri', postLogoutRedirectUri],
    ['state', state],
    ['logout_hint', hint],
    ['ui_locales', settings.uiLocales],
    ...Object.entries(settings.endSessionParameters),
  ];
  // The provider could not read a token encrypted to this client.
  const isSent = idTokenHint !== 'never' && idToken !== undefined && readJwt(idToken) !== undefined;
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

async function logoutHint(
  { issuer, settings }: Provider,
  { subject, sid }: SessionAtProvider,
): Promise<string | undefined> {
  const hint: unknown = await callOption('logoutHint', () =>
    settings.logoutHint?.({ issuer, subject, sid }),
  );
  return hint === undefined || hint === null || hint === ''
    ? undefined
    : checkText(hint, 'logoutHint()');
}
