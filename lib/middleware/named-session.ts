import { InvalidRequestError, InvalidTokenError } from '../errors.ts';
import { type Invalidations, isKnownKind } from '../invalidation/invalidations.ts';
import type {
  LoginReference,
  RegisteredSession,
  RegisteredToken,
  SessionRegistry,
} from '../session/session-registry.ts';
import type { AccessToken } from '../token/access-token.ts';
import { sidOf } from '../token/sid.ts';
import { isOfClient } from '../token/token-kind.ts';

/** The login that a logout request names by its tokens, and what is known of its session. */
export interface NamedSession {
  /** The access token was saved, so that its login is certain. */
  readonly isRegistered: boolean;
  /** `undefined` when nothing tells which session the tokens belong to. */
  readonly login: LoginReference | undefined;
  /** `undefined` when the login was not saved, or has ended. */
  readonly session: RegisteredSession | undefined;
  /**
   * Which token of the request shows that the session is its own, and not only that of another client or of a thief
   * without the key that a token is bound to: to nobody else goes the ID Token.
   */
  readonly proof: 'access-token' | 'refresh-token' | undefined;
}

export interface NamedSessionParts {
  readonly invalidations: Invalidations;
  readonly registry: SessionRegistry;
}

const NOBODYS = { isRegistered: false, login: undefined, session: undefined, proof: undefined };

/**
 * Finds the login of an authentic access token: by the registry, else by the token's own `sid`, else by
 * the refresh token beside it.
 *
 * @throws {@link InvalidTokenError} when the token is no access token, which only its record tells of some.
 * @throws {@link InvalidRequestError} when the refresh token is known to belong to another login.
 */
export async function findNamedSession(
  { invalidations, registry }: NamedSessionParts,
  accessToken: AccessToken,
  refreshTokenKey: string | undefined,
): Promise<NamedSession> {
  const { sessionKey } = accessToken;
  const [registered, refreshToken, own] = await Promise.all([
    invalidations.registered(accessToken),
    refreshTokenKey === undefined ? undefined : registry.findRefreshToken(refreshTokenKey),
    sessionKey === undefined ? undefined : registry.currentSession(sessionKey),
  ]);
  if (!isKnownKind(accessToken, registered)) throw new InvalidTokenError('wrong-kind');
  const key = registered?.session ?? sessionKey;
  if (key === undefined) return findByRefreshToken(registry, accessToken, refreshToken);
  const current = key === sessionKey ? own : await registry.currentSession(key);
  const login = registered ?? { session: key, generation: current?.generation ?? 0 };
  if (refreshToken !== undefined && !isSame(refreshToken, login)) {
    throw new InvalidRequestError('refresh-token-of-another-session');
  }
  const session = current?.generation === login.generation ? current : undefined;
  const proof = proofOf(accessToken, registered, session) ?? (refreshToken && 'refresh-token');
  const isBound = accessToken.isSenderConstrained || registered?.isSenderConstrained === true;
  const isRegistered = registered !== undefined;
  return { isRegistered, login, session, proof: isBound ? undefined : proof };
}

async function findByRefreshToken(
  registry: SessionRegistry,
  { payload, provider, isSenderConstrained }: AccessToken,
  login: LoginReference | undefined,
): Promise<NamedSession> {
  const session = login && (await registry.findSession(login));
  if (session === undefined) return NOBODYS;
  if (session.issuer !== provider.issuer || session.subject !== payload.sub) {
    throw new InvalidRequestError('refresh-token-of-another-session');
  }
  const proof = isSenderConstrained ? undefined : 'refresh-token';
  return { isRegistered: false, login, session, proof };
}

/** The access token, where it was saved for the session, or says that it is this client's own of it. */
function proofOf(
  { payload, provider }: AccessToken,
  registered: RegisteredToken | undefined,
  session: RegisteredSession | undefined,
): 'access-token' | undefined {
  if (session?.issuer !== provider.issuer) return undefined;
  if (registered !== undefined) return 'access-token';
  const { subject, sid } = session;
  const isOfSession = payload.sub === subject && sid !== undefined && sidOf(payload) === sid;
  const isOwn = isOfSession && isOfClient(payload, provider.settings.clientId);
  return isOwn ? 'access-token' : undefined;
}

function isSame(one: LoginReference, other: LoginReference): boolean {
  return one.session === other.session && one.generation === other.generation;
}
