import type { IncomingMessage, ServerResponse } from 'node:http';
import { InvalidRequestError } from '../errors.ts';
import type { PostLogoutStates } from '../logout/post-logout-states.ts';
import { checkNames, checkObject } from '../input/checks.ts';
import {
  checkPostLogoutRedirectUri,
  type EndSessionRules,
  prepareEndSession,
} from '../provider/end-session-request.ts';
import type { Provider } from '../provider/provider.ts';
import { providerOf } from '../provider/provider-of-token.ts';
import type { Providers } from '../provider/providers.ts';
import { readToken } from '../token/jwt.ts';
import { isOwnPath } from './return-to.ts';
import type { ReturningBrowser } from './returning-browser.ts';

/** The session to end, as far as the app knows. */
export interface EndSessionOptions {
  /** The provider's issuer identifier. Default: the ID Token's, else the first provider's. */
  readonly issuer?: string | undefined;
  /** The client of the login. Default: the ID Token's, else the issuer's first. */
  readonly clientId?: string | undefined;
  /** The ID Token of the login, for `id_token_hint` and `logoutHint`. Default: none. */
  readonly idToken?: string | undefined;
  /** The `subject` for the option `logoutHint`. Default: none. */
  readonly subject?: string | undefined;
  /** The `sid` for the option `logoutHint`. Default: none. */
  readonly sid?: string | undefined;
  /** The path of this app to return to after the logout. Default: none. */
  readonly returnTo?: string | undefined;
  /** One of the provider's `postLogoutRedirectUri`. Default: the first. */
  readonly postLogoutRedirectUri?: string | undefined;
}

export interface EndSessionUrlParts extends EndSessionRules {
  readonly providers: Providers;
  readonly states: PostLogoutStates;
  readonly browser: ReturningBrowser;
}

const NAMES = [
  ...['issuer', 'clientId', 'idToken', 'subject', 'sid', 'returnTo'],
  'postLogoutRedirectUri',
];

export async function endSessionUrl(
  parts: EndSessionUrlParts,
  exchange: { readonly req: IncomingMessage; readonly res: ServerResponse },
  options: EndSessionOptions,
): Promise<string | null> {
  checkObject(options, 'options');
  checkNames(options, NAMES, 'endSessionUrl()');
  const { subject, sid, returnTo, postLogoutRedirectUri } = options;
  const { provider, idToken } = await findClient(parts.providers, options);
  if (returnTo !== undefined && !isOwnPath(returnTo)) {
    throw new InvalidRequestError('return-to-not-allowed');
  }
  checkPostLogoutRedirectUri(provider, postLogoutRedirectUri);
  const readIdToken = () => Promise.resolve(idToken);
  const request = await prepareEndSession(provider, { subject, sid, readIdToken }, parts);
  if (request === undefined) return null;
  const sentState = request.returnsWith(idToken) ? request.state : '';
  const { state, cookie } = await parts.states.keep(sentState, returnTo);
  parts.browser.bind(cookie, exchange);
  return request.with({ idToken, postLogoutRedirectUri, state, sid }).redirect;
}

/** An ID Token of another client is no hint. */
async function findClient(
  providers: Providers,
  { issuer: given, clientId, idToken }: EndSessionOptions,
): Promise<{ readonly provider: Provider; readonly idToken: string | undefined }> {
  const named = idToken === undefined ? undefined : await providerOf(readToken(idToken), providers);
  const issuer = given ?? named?.issuer ?? providers.first.issuer;
  const [first] = providers.ofIssuer(issuer);
  if (first === undefined) throw new TypeError('"issuer" is not a configured one');
  const ofToken = named?.issuer === issuer ? named : first;
  const provider = clientId === undefined ? ofToken : providers.find(issuer, clientId);
  if (provider === undefined) throw new TypeError('"clientId" is not a configured one');
  const isOfOther = named !== undefined && named !== provider;
  return { provider, idToken: isOfOther ? undefined : idToken };
}
