import { InvalidRequestError } from '../errors.ts';
import type { Invalidations } from '../invalidation/invalidations.ts';
import type {
  LoginReference,
  RegisteredSession,
  SessionRegistry,
} from '../session/session-registry.ts';
import type { AccessToken } from '../token/access-token.ts';

/** The login that a logout request names by its tokens, and what is known of its session. */
export interface NamedSession {
  /** The access token was saved, so that its login is certain. */
  readonly isRegistered: boolean;
  /** `undefined` when nothing tells which session the tokens belong to. */
  readonly login: LoginReference | undefined;
  /** `undefined` when the login was not saved, or has ended. */
  readonly session: RegisteredSession | undefined;
}

export interface NamedSessionParts {
  readonly invalidations: Invalidations;
  readonly registry: SessionRegistry;
}

/**
 * Finds the login of an authentic access token: by the registry, else by the token's own `sid`, else by
 * the refresh token beside it.
 *
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
  const key = registered?.session ?? sessionKey;
  if (key === undefined) return findByRefreshToken(registry, accessToken, refreshToken);
  const current = key === sessionKey ? own : await registry.currentSession(key);
  const login = registered ?? { session: key, generation: current?.generation ?? 0 };
  if (refreshToken !== undefined && !isSame(refreshToken, login)) {
    throw new InvalidRequestError('refresh-token-of-another-session');
  }
  const session = current?.generation === login.generation ? current : undefined;
  return { isRegistered: registered !== undefined, login, session };
}

async function findByRefreshToken(
  registry: SessionRegistry,
  { payload, provider }: AccessToken,
  login: LoginReference | undefined,
): Promise<NamedSession> {
  const session = login && (await registry.findSession(login));
  if (session === undefined) return { isRegistered: false, login: undefined, session: undefined };
  if (session.issuer !== provider.issuer || session.subject !== payload.sub) {
    throw new InvalidRequestError('refresh-token-of-another-session');
  }
  return { isRegistered: false, login, session };
}

function isSame(one: LoginReference, other: LoginReference): boolean {
  return one.session === other.session && one.generation === other.generation;
}
