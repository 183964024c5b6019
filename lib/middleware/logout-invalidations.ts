import type { Coverage, Invalidation } from '../invalidation/invalidations.ts';
import type { RegisteredSession } from '../session/session-registry.ts';
import type { AccessToken } from '../token/access-token.ts';
import { sidOf } from '../token/sid.ts';
import type { NamedSession } from './named-session.ts';

/** What is known of the tokens that a logout names. */
export interface NamedTokens extends NamedSession {
  readonly accessToken: AccessToken;
  readonly refreshTokenKey: string | undefined;
  /** What is on the list already. */
  readonly coverage: Coverage;
}

/** What a logout has to put on the list: its tokens, and the login they are of. */
export function invalidationsOf(logout: NamedTokens): Invalidation[] {
  const { accessToken, coverage, refreshTokenKey, session } = logout;
  const { key, expiresAt } = accessToken;
  const owner = ownerOf(accessToken, session);
  const invalidations: Invalidation[] = [];
  if (refreshTokenKey !== undefined) {
    invalidations.push({ kind: 'refresh-token', key: refreshTokenKey, ...owner });
  }
  invalidations.push(...endsOf(logout).map((end) => ({ ...end, ...owner })));
  if (!coverage.token) {
    invalidations.push({ kind: 'access-token', key, expiresAt, ...owner });
  }
  return invalidations;
}

/** What of it is on the list already. */
export function listedOf({ accessToken, coverage, session }: NamedTokens): Invalidation[] {
  const { key, expiresAt } = accessToken;
  const owner = ownerOf(accessToken, session);
  const ends = coverage.ends.map((end) => ({ kind: 'session', ...end, ...owner }) as const);
  return coverage.token ? [{ kind: 'access-token', key, expiresAt, ...owner }, ...ends] : ends;
}

// The cut-off is that of this very login, not of now: a logout that is late spares a login after it.
function endsOf({ accessToken, coverage, isRegistered, login }: NamedTokens) {
  if (login === undefined) return [];
  const keys = [...new Set([login.session, accessToken.sessionKey ?? login.session])];
  // Of two keys one may be missing; of a token that was not saved nobody knows which login it means.
  if (coverage.session && (keys.length === 1 || !isRegistered)) return [];
  return keys.map((key) => ({ kind: 'session', key, cutOff: login.generation + 1 }) as const);
}

/** Whose the tokens are. */
export function ownerOf(
  { payload, provider }: AccessToken,
  session: RegisteredSession | undefined,
) {
  const sid = sidOf(payload) ?? session?.sid;
  return { issuer: provider.issuer, subject: payload.sub ?? session?.subject, sid };
}
