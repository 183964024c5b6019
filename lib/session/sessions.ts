import { checkObject, checkText } from '../input/checks.ts';
import type { Providers } from '../provider/providers.ts';
import { sessionKey, subjectKey } from '../token/token-keys.ts';
import type { ActiveLogins, LoginClaims } from './active-logins.ts';
import type { SessionEnds } from './ends.ts';
import type { Logins } from './logins.ts';
import { ENDS_REPEATED_FOR, type Repetitions } from './repetitions.ts';
import type { TokenResponse } from './token-response.ts';

/** One session of a provider, by `sid`, or all sessions of a user, by `sub`. */
export type SessionName =
  | {
      /** The provider. */
      readonly issuer: string;
      /** The session. */
      readonly sid: string;
      /** Not beside a `sid`. */
      readonly sub?: never;
    }
  | {
      /** The provider. */
      readonly issuer: string;
      /** The user. */
      readonly sub: string;
      /** Not beside a `sub`. */
      readonly sid?: never;
    };

/** Records logins and refreshes, and ends sessions for the app. */
export interface Sessions {
  /**
   * Saves a login. A logout then reaches all tokens of the session, and sends the ID Token as
   * `id_token_hint`. Call `save` after each login, with the token endpoint's answer, before the
   * tokens are used.
   *
   * @throws TypeError when `access_token` or `id_token` is missing.
   * @throws {@link InvalidIdTokenError} when no configured provider issued the ID Token for this
   * client.
   * @throws {@link InvalidTokenError} when the access token is malformed, or of another session
   * than the ID Token.
   * @throws {@link SessionEndedError} when the session or its user ended after the login. The
   * tokens are then invalidated, and the user has to log in again.
   * @throws {@link StoreUnavailableError} or {@link ProviderUnavailableError} when the login could
   * not be saved.
   */
  save(tokens: TokenResponse): Promise<void>;

  /**
   * Gives a login the tokens of a refresh. The used refresh token identifies the login. Use the new
   * tokens only after `rotate` resolved.
   *
   * @throws TypeError when `access_token` is missing, or a token is no text.
   * @throws {@link SessionEndedError} when the session ended meanwhile, or was never saved. The new
   * tokens are then invalidated, and the user has to log in again.
   * @throws {@link InvalidIdTokenError} or {@link InvalidTokenError} when a new token is malformed,
   * or of another user. Nothing is changed.
   * @throws {@link StoreUnavailableError} or {@link ProviderUnavailableError} when nobody knows
   * whether the tokens are saved. The same call can be made once more, within a minute.
   */
  rotate(oldTokens: TokenResponse, tokens: TokenResponse): Promise<void>;

  /**
   * Whether a login goes on, by the claims of its ID Token: for an app that has only a session of
   * its own, and no token for the guard. `false` once the login's session (`iss`, `sid`) or all
   * logins of its user (`iss`, `sub`) ended after the login. A later login of the same `sid` goes on
   * by its later `auth_time`; with the same or none, if it was saved, and its `iat` is later than the
   * end and not before the newest saved login. Without a `sid` only ends of the user are seen. The
   * claims must be verified, as a client does at login.
   *
   * @throws TypeError when the issuer is not configured, or a claim is of the wrong type.
   * @throws {@link StoreUnavailableError} when the store could not be asked: treat the login as
   * ended, or answer 503.
   */
  isActive(idTokenClaims: LoginClaims): Promise<boolean>;

  /**
   * Ends one session, or with `sub` all sessions of a user until now. To end an ended or unknown
   * session is no error.
   *
   * @throws TypeError when the issuer is not configured, or not exactly one of `sid` and `sub` is
   * given.
   * @throws {@link StoreUnavailableError} when the end could not be stored. The end is repeated in
   * the background for half a minute.
   */
  end(name: SessionName): Promise<void>;
}

export interface SessionsParts {
  readonly providers: Providers;
  readonly logins: Logins;
  readonly activeLogins: ActiveLogins;
  readonly ends: SessionEnds;
  readonly repetitions: Repetitions;
  /** Seconds. */
  readonly clockTolerance: number;
}

export function createSessions(parts: SessionsParts): Sessions {
  const { activeLogins, logins, repetitions } = parts;
  return {
    save: (tokens) => logins.save(tokens),
    rotate: (oldTokens, tokens) => logins.rotate(oldTokens, tokens),
    isActive: (idTokenClaims) => activeLogins.isActive(idTokenClaims),
    async end(name) {
      const end = endOf(parts, name);
      try {
        await end();
      } catch (error) {
        repetitions.start(end, ENDS_REPEATED_FOR);
        throw error;
      }
    },
  };
}

/** The time of the end is now, also for later repetitions. */
function endOf(
  { ends, providers, clockTolerance: tolerance }: SessionsParts,
  name: SessionName,
): () => Promise<unknown> {
  checkObject(name, 'session');
  const { issuer, sid, sub }: { issuer: string; sid?: string; sub?: string } = name;
  if (!providers.issuers.has(issuer)) throw new TypeError('"issuer" is not a configured one');
  if (sid !== undefined && sub !== undefined) {
    throw new TypeError('"sid" and "sub" exclude each other');
  }
  const time = Math.floor(Date.now() / 1000);
  if (sub !== undefined) {
    const owner = { issuer, subject: checkText(sub, 'sub'), sid: undefined };
    const subject = subjectKey(issuer, sub);
    return () => ends.endSubject({ cause: 'app', owner, subject, time, tolerance });
  }
  const owner = { issuer, subject: undefined, sid: checkText(sid, 'sid') };
  const session = sessionKey(issuer, owner.sid);
  const how = { by: 'time', time, tolerance, subject: undefined } as const;
  return () => ends.end({ cause: 'app', owner, session, how });
}
