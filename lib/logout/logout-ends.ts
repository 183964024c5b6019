import type { AccessToken } from '../access-token/access-token.ts';
import { type CutOff, isCutOff } from '../invalidation/cut-off.ts';
import type { EndReply } from '../invalidation/end-session.ts';
import type { HowToEnd } from '../invalidation/how-to-end.ts';
import { isWithoutSid, type Login } from '../invalidation/login.ts';
import type { SessionRecord } from '../invalidation/session-record.ts';
import type { SessionEnds } from '../session/ends.ts';
import type { Ending, SessionEnding, TokenEnding } from '../session/ending.ts';
import { ENDS_REPEATED_FOR, type Repetitions } from '../session/repetitions.ts';
import { secondsUntil } from '../session/seconds-until.ts';
import type { SessionOwner } from '../session/session-owner.ts';
import { secondOf } from '../token/numeric-date.ts';
import { writeLogoutNote } from './logout-note.ts';
import type { PresentedTokens } from './presented-tokens.ts';

export interface ForeseenLogout {
  readonly presented: PresentedTokens;
  readonly owner: SessionOwner;
  /** A digest of the presented token, to distinguish this logout. */
  readonly call: string;
}

export interface PendingLogout extends ForeseenLogout {
  /** Sealed, and so never empty. */
  readonly answer: string;
}

export interface ForeseenEnd {
  /** Nothing new ended. */
  readonly isRepeated: boolean;
  readonly record: SessionRecord | undefined;
  readonly session: string;
  /** Seconds since the session ended. */
  readonly age: number;
}

export interface LogoutEnd extends ForeseenEnd {
  /** Resolves when every revocation was tried once or put off; never rejects. */
  readonly asked: Promise<unknown>;
}

export interface LogoutEndsParts {
  readonly ends: SessionEnds;
  readonly repetitions: Repetitions;
  /** Seconds. */
  readonly clockTolerance: number;
  /** Seconds. */
  readonly expiredTokenGrace: number;
  /** Seconds. */
  readonly maxSessionLifetime: number;
}

export class LogoutEnds {
  readonly #parts: LogoutEndsParts;

  constructor(parts: LogoutEndsParts) {
    this.#parts = parts;
  }

  /**
   * @throws {@link StoreUnavailableError} when nobody knows whether the end is stored. The logout
   * is repeated in the background.
   */
  async end(logout: PendingLogout): Promise<LogoutEnd> {
    let end: LogoutEnd | undefined;
    const finish = async () => {
      // A repetition goes on after the end that is stored.
      end ??= await this.#endPresented(logout);
      await this.#invalidateRefreshToken(logout, end);
      return end;
    };
    try {
      return await finish();
    } catch (error) {
      this.#parts.repetitions.start(finish, ENDS_REPEATED_FOR);
      throw error;
    }
  }

  /** What {@link end} would answer now; `undefined` without a session. Nothing is changed. */
  async foresee(logout: ForeseenLogout): Promise<ForeseenEnd | undefined> {
    const { presented } = logout;
    const end = endOfPresented(presented);
    if (end === undefined) return undefined;
    const ending = { ...this.#endingOf(logout), ...end };
    const { clientId } = presented.provider.settings;
    return foundBy(end, await this.#parts.ends.foresee(ending, clientId));
  }

  async #endPresented(logout: PendingLogout): Promise<LogoutEnd> {
    const { login, accessToken } = logout.presented;
    if (login !== undefined) return this.#endLogin(logout, login);
    if (accessToken !== undefined) return this.#endUnsaved(logout, accessToken);
    return { ...NOTHING, isRepeated: true };
  }

  #endLogin(logout: PendingLogout, login: Login): Promise<LogoutEnd> {
    return this.#endSession(logout, login.session, howToEnd(login, logout.presented.cutOff));
  }

  /** The token is invalidated because the token may still be saved. */
  async #endUnsaved(logout: PendingLogout, token: AccessToken): Promise<LogoutEnd> {
    const { login, isFirst, asked } = await this.#parts.ends.endToken(
      this.#tokenEnding(logout, token),
    );
    // Saved meanwhile. Sent at once with the token, an end of the session could be announced twice.
    if (login !== undefined) return this.#endLogin(logout, login);
    const how = howToEndUnsaved(token, logout.presented.cutOff);
    if (token.sessionKey !== undefined) return this.#endSession(logout, token.sessionKey, how);
    return { ...NOTHING, asked, isRepeated: how.by === 'time' || !isFirst };
  }

  async #endSession(logout: PendingLogout, session: string, how: HowToEnd): Promise<LogoutEnd> {
    const { answer } = logout;
    const ended = await this.#parts.ends.end({ ...this.#endingOf(logout), session, how, answer });
    return { ...foundBy({ session, how }, ended), asked: ended.asked };
  }

  #endingOf({ presented, owner, call }: ForeseenLogout): Ending {
    const { accessToken, refreshToken, clients } = presented;
    const isSpent = refreshToken?.entry !== undefined && refreshToken.entry.login === undefined;
    const isAlive = accessToken !== undefined && accessToken.expiresAt > Date.now() / 1000;
    return {
      cause: 'logout',
      owner,
      call,
      handedIn: {
        refreshToken:
          refreshToken === undefined || isSpent
            ? undefined
            : { text: refreshToken.text, provider: clients.refreshToken },
        accessToken: isAlive
          ? { text: accessToken.auth.token, provider: clients.accessToken }
          : undefined,
        isSaved: refreshToken?.entry?.login !== undefined,
      },
    };
  }

  #tokenEnding(logout: PendingLogout, token: AccessToken): TokenEnding {
    const { clockTolerance, expiredTokenGrace } = this.#parts;
    const now = Date.now() / 1000;
    const grace = token.expiresAt > now ? 0 : expiredTokenGrace;
    const kept = Math.max(grace, 2 * clockTolerance);
    const { owner, answer } = logout;
    return {
      ...this.#endingOf(logout),
      key: { kind: 'access-token', of: token.key },
      ttl: secondsUntil(token.expiresAt + kept),
      note: writeLogoutNote({ iss: owner.issuer, at: Math.floor(now), answer }),
      isOfNoSession: token.sessionKey === undefined,
    };
  }

  /**
   * A live access token vouches for an unsaved refresh token. A saved one that comes after the end
   * of its session is invalidated so that the token is revoked once.
   */
  async #invalidateRefreshToken(
    { presented, owner }: PendingLogout,
    { isRepeated, record }: LogoutEnd,
  ): Promise<void> {
    const { refreshToken } = presented;
    if (refreshToken === undefined) return;
    const { key, entry } = refreshToken;
    const isVouchedFor = entry === undefined && !isRepeated;
    const isLate = entry?.login !== undefined && isRepeated && record === undefined;
    if (!isVouchedFor && !isLate) return;
    await this.#parts.ends.endToken({
      cause: 'logout',
      owner,
      key: { kind: 'refresh-token', of: key },
      ttl: this.#parts.maxSessionLifetime,
      note: '',
      force: isLate,
    });
  }
}

const NOTHING = { record: undefined, session: '', age: 0, asked: Promise.resolve() };

type EndOfSession = Pick<SessionEnding, 'session' | 'how'>;

function foundBy({ session, how }: EndOfSession, { status, record, age }: EndReply): ForeseenEnd {
  const isNews = status === 'ended' || status === 'unknown';
  return { record, session, age, isRepeated: how.by === 'time' || !isNews };
}

function endOfPresented(presented: PresentedTokens): EndOfSession | undefined {
  const { login, accessToken, cutOff } = presented;
  if (login !== undefined) return { session: login.session, how: howToEnd(login, cutOff) };
  if (accessToken?.sessionKey === undefined) return undefined;
  return { session: accessToken.sessionKey, how: howToEndUnsaved(accessToken, cutOff) };
}

function howToEnd(login: Login, cutOff: CutOff | undefined): HowToEnd {
  const { subject, time, id } = login;
  const until = cutOffOf(cutOff, login);
  if (until !== undefined) return byCutOff(until, subject);
  return { by: 'login', time, id, subject, saved: true, authTime: undefined };
}

// Newer logins of the session go on.
function byCutOff(time: number, subject: string): HowToEnd {
  return { by: 'time', time, tolerance: 0, subject };
}

function cutOffOf(cutOff: CutOff | undefined, login: Login): number | undefined {
  if (cutOff === undefined || !isCutOff(cutOff, login)) return undefined;
  return isWithoutSid(login.session) ? Math.max(cutOff.all, cutOff.withoutSid) : cutOff.all;
}

function howToEndUnsaved(token: AccessToken, cutOff: CutOff | undefined): HowToEnd {
  const { subjectKey: subject = '', authTime } = token;
  const time = secondOf(token.issuedAt) ?? 0;
  if (cutOff !== undefined && (authTime ?? time) <= cutOff.all) {
    return byCutOff(cutOff.all, subject);
  }
  return { by: 'login', time, id: '', subject, saved: false, authTime };
}
