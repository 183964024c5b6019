import { setTimeout } from 'node:timers/promises';
import {
  InvalidLogoutTokenError,
  ProviderUnavailableError,
  StoreUnavailableError,
} from '../errors.ts';
import type { Events, LogoutTokenDelayedEvent } from '../events.ts';
import { issuerFault, providerOf } from '../provider/provider-of-token.ts';
import type { Provider } from '../provider/provider.ts';
import type { Providers } from '../provider/providers.ts';
import { tellLogoutTokenRefused } from '../refusal-events.ts';
import type { SessionEnds } from '../session/ends.ts';
import type { Ending } from '../session/ending.ts';
import type { Repetitions } from '../session/repetitions.ts';
import { type ReadToken, readToken } from '../token/jwt.ts';
import { type LogoutToken, verifyLogoutTokenBy } from '../token/logout-token.ts';
import { logoutTokenKey, sessionKey, subjectKey } from '../token/token-keys.ts';
import { within } from './within.ts';

// Providers wait at least 2.5 s for an answer.
const LAST_TRY_MS = 1500;
const ANSWER_MS = 2000;
const PAUSE_MS = 100;

export interface BackChannelLogoutParts {
  readonly providers: Providers;
  readonly ends: SessionEnds;
  readonly repetitions: Repetitions;
  readonly events: Events;
  readonly strict: boolean;
  /** Seconds. */
  readonly clockTolerance: number;
  /** Seconds. */
  readonly logoutTokenMaxAge: number;
}

/**
 * Ends the sessions of a Logout Token. During an outage the token is tried again within the request
 * and then in the background: the provider may send the token only once.
 *
 * @see [OpenID Connect Back-Channel Logout 1.0](https://openid.net/specs/openid-connect-backchannel-1_0.html)
 */
export class BackChannelLogout {
  readonly #parts: BackChannelLogoutParts;
  readonly #verifiers: ReadonlyMap<Provider, Verifier>;
  /** Deliveries of the same token share one attempt. */
  readonly #underWay = new Map<string, Promise<void>>();

  constructor(parts: BackChannelLogoutParts) {
    this.#parts = parts;
    this.#verifiers = new Map(
      Array.from(parts.providers, (provider) => [provider, verifierFor(provider, parts)]),
    );
  }

  /**
   * @throws {@link InvalidLogoutTokenError}
   * @throws {@link StoreUnavailableError} or {@link ProviderUnavailableError} when the token may
   * take effect later.
   */
  async accept(token: string): Promise<void> {
    await within(ANSWER_MS, this.#deliver(token), () => {
      throw new ProviderUnavailableError('timeout');
    });
  }

  #deliver(token: string): Promise<void> {
    const known = this.#underWay.get(token);
    if (known !== undefined) return known;
    const delivery = this.#tryForAWhile({ token, verified: undefined });
    this.#underWay.set(token, delivery);
    // The answer may have been given before.
    delivery.catch(() => undefined).finally(() => this.#underWay.delete(token));
    return delivery;
  }

  async #tryForAWhile(delivery: Delivery): Promise<void> {
    const lastTry = performance.now() + LAST_TRY_MS;
    for (;;) {
      try {
        await this.#takeEffect(delivery);
        return;
      } catch (error) {
        if (!isOutage(error)) throw error;
        if (performance.now() + PAUSE_MS > lastTry) {
          this.#keep(delivery, error);
          throw error;
        }
      }
      await setTimeout(PAUSE_MS);
    }
  }

  /** Keeps a token in memory until the token takes effect, is refused, or is too old. */
  #keep(delivery: Delivery, { reason }: Outage): void {
    const { repetitions, logoutTokenMaxAge } = this.#parts;
    const now = Date.now() / 1000;
    const issuedAt = delivery.verified?.issuedAt ?? now;
    const isKept = repetitions.start(
      () => this.#takeEffectLater(delivery),
      issuedAt + logoutTokenMaxAge - now,
    );
    this.#tell(delivery, isKept ? 'kept' : 'lost', reason);
  }

  async #takeEffectLater(delivery: Delivery): Promise<void> {
    try {
      await this.#takeEffect(delivery);
      this.#tell(delivery, 'took-effect', undefined);
    } catch (error) {
      if (isOutage(error)) throw error;
      tellLogoutTokenRefused(this.#parts.events)(error);
      this.#tell(delivery, 'refused', undefined);
    }
  }

  async #takeEffect(delivery: Delivery): Promise<void> {
    delivery.verified ??= await this.#verify(delivery.token);
    const { issuer, subject, sid, jti, revokesOfflineAccess } = delivery.verified;
    const ending = {
      cause: 'back-channel',
      call: logoutTokenKey(issuer, jti),
      owner: { issuer, subject, sid },
      revokesOfflineAccess,
    } as const;
    const isMatched =
      sid === undefined
        ? await this.#endSubject(delivery.verified, ending)
        : await this.#endSession(delivery.verified, ending, sessionKey(issuer, sid));
    if (isMatched) return;
    this.#parts.events.emit('logout-token-unmatched', { issuer, subject, sid });
  }

  /** `false` where nobody saved such a login, and the token is no repeat. */
  async #endSession(token: LogoutToken, ending: Ending, session: string): Promise<boolean> {
    const { clockTolerance: tolerance, ends } = this.#parts;
    const { issuer, subject, issuedAt } = token;
    const time = Math.floor(issuedAt);
    const key = subject === undefined ? undefined : subjectKey(issuer, subject);
    const how = { by: 'time', time, tolerance, subject: key } as const;
    const { status, record } = await ends.end({ ...ending, session, how });
    if (status === 'other-subject') {
      throw new InvalidLogoutTokenError('another-subject', { claim: 'sub', issuer });
    }
    // No session of this `sid` was live, now or at an earlier delivery: the token means the
    // subject's logins without a `sid`.
    const isElsewhere = record === undefined && (status === 'unknown' || status === 'repeat');
    if (subject === undefined || !isElsewhere) return status !== 'unknown';
    const isMatched = await this.#endSubject(token, ending, session);
    return isMatched || status !== 'unknown';
  }

  async #endSubject(token: LogoutToken, ending: Ending, unless?: string): Promise<boolean> {
    const { issuer, subject = '', issuedAt } = token;
    const { isKnown } = await this.#parts.ends.endSubject({
      ...ending,
      subject: subjectKey(issuer, subject),
      time: Math.floor(issuedAt),
      tolerance: this.#parts.clockTolerance,
      unless,
    });
    return isKnown;
  }

  async #verify(token: string): Promise<LogoutToken> {
    const read = readToken(token);
    const provider = await providerOf(read, this.#parts.providers);
    const verify = provider && this.#verifiers.get(provider);
    if (verify !== undefined) return verify(read);
    const { reason, ...evidence } = issuerFault(token, this.#parts.providers);
    throw new InvalidLogoutTokenError(reason, evidence);
  }

  #tell(
    { verified }: Delivery,
    outcome: LogoutTokenDelayedEvent['outcome'],
    reason: string | undefined,
  ): void {
    const { issuer, sid } = verified ?? {};
    this.#parts.events.emit('logout-token-delayed', { outcome, reason, issuer, sid });
  }
}

interface Delivery {
  readonly token: string;
  verified: LogoutToken | undefined;
}

type Verifier = (token: ReadToken) => Promise<LogoutToken>;

function verifierFor(
  { settings, findKeyOrSecret }: Provider,
  { strict, clockTolerance, logoutTokenMaxAge: maxAge }: BackChannelLogoutParts,
): Verifier {
  const { issuer, clientId, logoutTokenAlgorithms, logoutTokenTypes, idTokenEncryption } = settings;
  const rules = {
    issuer,
    clientId,
    algorithms: logoutTokenAlgorithms,
    types: logoutTokenTypes,
    encryption: idTokenEncryption,
    strict,
    clockTolerance,
    maxAge,
  };
  return (token) => verifyLogoutTokenBy(token, findKeyOrSecret, rules);
}

type Outage = StoreUnavailableError | ProviderUnavailableError;

function isOutage(error: unknown): error is Outage {
  return error instanceof StoreUnavailableError || error instanceof ProviderUnavailableError;
}
