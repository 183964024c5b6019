import type { AskedToken, TokenStatus } from '../access-token/token-status.ts';
import { checkObject, checkText } from '../input/checks.ts';
import { isNone } from '../input/none.ts';
import { isOfLaterLogin } from '../invalidation/judgement.ts';
import { isWithoutSid, WITHOUT_SID } from '../invalidation/login.ts';
import type { Providers } from '../provider/providers.ts';
import { decodeCutOff } from '../store/codecs/cut-off.ts';
import type { Epoch } from '../store/epoch.ts';
import type { Operations } from '../store/operations.ts';
import { isNumericDate } from '../token/numeric-date.ts';
import { sessionKey, subjectKey } from '../token/token-keys.ts';
import { boundedCache } from './bounded-cache.ts';

/** The claims of a login's ID Token, as its client verified them. Other claims are ignored. */
export interface LoginClaims {
  /** The provider. */
  readonly iss: string;
  /** The user. */
  readonly sub: string;
  /** The client, of several at one provider: a text or texts. */
  readonly aud?: string | string[] | undefined;
  /** The client, where `aud` has several. */
  readonly azp?: unknown;
  /** The session: a text. */
  readonly sid?: unknown;
  /** When the ID Token was issued, in seconds since the epoch. */
  readonly iat?: unknown;
  /** When the user was authenticated, in seconds since the epoch. */
  readonly auth_time?: unknown;
}

export interface ActiveLoginsParts {
  readonly providers: Providers;
  readonly operations: Operations;
  readonly epoch: Epoch;
  readonly decisions: { statusOf(login: AskedToken): Promise<TokenStatus> };
}

interface AskedLogin extends AskedToken {
  readonly subjectKey: string;
  readonly sessionKey: string;
  readonly clientId: string;
}

// Enough for the users of one process; without room, a login is looked up again.
const MOST_LOGINS = 10_000;

/**
 * Judges logins by the claims of their ID Tokens. A refresh may have issued the ID Token, so its
 * `iat` alone shows no later login, except in a session that was saved again.
 */
export class ActiveLogins {
  readonly #parts: ActiveLoginsParts;
  /** The near-cache remembers by object: the same claims have to be the same object. */
  readonly #logins = boundedCache<AskedLogin>(MOST_LOGINS);

  constructor(parts: ActiveLoginsParts) {
    this.#parts = parts;
  }

  async isActive(claims: LoginClaims): Promise<boolean> {
    const login = this.#remembered(readLogin(claims, this.#parts.providers));
    const { refusedBy } = await this.#parts.decisions.statusOf(login);
    return refusedBy === undefined || this.#livesAgain(login);
  }

  async #livesAgain(login: AskedLogin): Promise<boolean> {
    const { sessionKey: session, subjectKey: subject, issuedAt: time = 0, clientId } = login;
    if (isWithoutSid(session)) return false;
    const { operations, epoch } = this.#parts;
    const [state, [text], admission] = await Promise.all([
      operations.readSession(session, clientId),
      operations.read([{ kind: 'cut-off', of: subject }]),
      epoch.admits(time),
    ]);
    return admission === 'ok' && isOfLaterLogin({ subject, time }, state, decodeCutOff(text));
  }

  #remembered(login: AskedLogin): AskedLogin {
    const { clientId, subjectKey, sessionKey, issuedAt, authTime } = login;
    const name = [subjectKey, sessionKey, issuedAt, authTime, clientId].join(' ');
    const known = this.#logins.get(name);
    if (known === undefined) this.#logins.set(name, login);
    return known ?? login;
  }
}

function readLogin(claims: LoginClaims, providers: Providers): AskedLogin {
  checkObject(claims, 'claims');
  const { iss, sub, sid, iat, auth_time, aud = [], azp } = claims;
  const provider = providers.forAudience({ iss, aud, azp });
  if (provider === undefined) throw new TypeError('"iss" is not a configured issuer');
  return {
    key: undefined,
    saved: undefined,
    clientId: provider.settings.clientId,
    subjectKey: subjectKey(iss, checkText(sub, 'sub')),
    sessionKey: isNone(sid) ? WITHOUT_SID : sessionKey(iss, checkText(sid, 'sid')),
    issuedAt: readTime(iat, 'iat'),
    authTime: readTime(auth_time, 'auth_time'),
  };
}

function readTime(value: unknown, name: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (isNumericDate(value)) return Math.floor(value);
  throw new TypeError(`"${name}" must be a number of seconds`);
}
