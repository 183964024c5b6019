import type { Login } from '../invalidation/login.ts';
import { hasNewerLogin, type SessionRecord } from '../invalidation/session-record.ts';
import type { Providers } from '../provider/providers.ts';
import type { IssuedToken, Revocations, TokensToRevoke } from '../provider/revocations.ts';
import type { Operations } from '../store/operations.ts';
import type { Ending, RefusedTokens, SessionEnding } from './ending.ts';
import type { SessionOwner } from './session-owner.ts';
import type { OpenRefreshToken, SessionSeal } from './session-seal.ts';

export interface EndRevocation {
  /** Resolves when every revocation was tried once or put off; never rejects. */
  readonly asked: Promise<unknown>;
  /** Resolves with the letters settled; never rejects. */
  readonly done: Promise<string>;
}

interface KeptToken extends OpenRefreshToken {
  readonly clientId: string;
}

export interface EndRevocationsParts {
  readonly operations: Operations;
  readonly revocations: Revocations;
  readonly providers: Providers;
  readonly seal: SessionSeal;
  /** Seconds. */
  readonly revocationDelay: number;
}

export class EndRevocations {
  readonly #parts: EndRevocationsParts;

  constructor(parts: EndRevocationsParts) {
    this.#parts = parts;
  }

  /** `isResumed`: another call began the revocations. */
  revokeKept(ending: SessionEnding, record: SessionRecord, isResumed: boolean): EndRevocation {
    const kept = this.#open(ending, record);
    const { asked, done } = this.#parts.revocations.revoke({
      ...this.#tokensOf(ending, kept),
      isDue: () => this.#isDue(ending.session, record.end?.event),
      isLate: isResumed,
    });
    // Revocations given up at the close stay in the record, for the same call or another signed
    // end.
    return { asked, done: done.then((isDone) => (isDone ? 'tr' : 't')) };
  }

  async revokeHandedIn(ending: Ending): Promise<void> {
    await this.#parts.revocations.revoke(this.#tokensOf(ending, [])).asked;
  }

  /** Revokes the refresh token handed in after the end, unless the session is live again. */
  async revokeLate(ending: SessionEnding): Promise<void> {
    const { session } = ending;
    const isDue = async () => !(await this.#parts.operations.look(session)).isLive;
    const { refreshToken } = ending.handedIn ?? {};
    const tokens = this.#tokensOf({ ...ending, handedIn: { refreshToken } }, []);
    await this.#parts.revocations.revoke({ ...tokens, isDue, isLate: true }).asked;
  }

  revokeRefused({ login, owner, provider, tokens }: RefusedTokens): void {
    const { accessToken, refreshToken } = tokens;
    if (owner.issuer === '') return;
    this.#parts.revocations.revoke({
      ...owner,
      refreshTokens: [refreshToken === undefined ? undefined : { text: refreshToken, provider }],
      accessToken: { text: accessToken.text, provider },
      ...(login !== undefined && { isDue: () => this.#isNewest(login), isLate: true }),
    });
  }

  /** Keycloak may bring a session back if a Logout Token's revocations come before the answer. */
  #tokensOf(ending: Ending, kept: readonly KeptToken[]): TokensToRevoke {
    const { cause, owner, handedIn = {} } = ending;
    const isSpared = ({ scope }: KeptToken) =>
      cause === 'back-channel' && ending.revokesOfflineAccess !== true && isOffline(scope);
    const own = kept.filter((token) => !isSpared(token));
    return {
      ...owner,
      refreshTokens: [handedIn.refreshToken, ...own.map((token) => this.#issued(token, owner))],
      accessToken: handedIn.accessToken,
      delay: cause === 'back-channel' ? this.#parts.revocationDelay : 0,
    };
  }

  #issued(
    { clientId, refreshToken: text }: KeptToken,
    { issuer }: SessionOwner,
  ): IssuedToken | undefined {
    const provider = this.#parts.providers.find(issuer, clientId);
    return text === undefined ? undefined : { text, provider };
  }

  async #isNewest(login: Login): Promise<boolean> {
    const state = await this.#parts.operations.readSession(login.session, '');
    return !hasNewerLogin(state, login);
  }

  /** A newer login may have come. */
  async #isDue(session: string, event: string | undefined): Promise<boolean> {
    const { end } = await this.#parts.operations.look(session);
    return end !== undefined && end.event === event && end.left.includes('r');
  }

  #open({ session }: SessionEnding, { tokens }: SessionRecord): KeptToken[] {
    return Object.entries(tokens).map(([clientId, sealed]) => ({
      ...this.#parts.seal.openRefreshToken(session, clientId, sealed),
      clientId,
    }));
  }
}

// Offline access outlives a logout at the provider (Back-Channel Logout 1.0, section 2.7).
function isOffline(scope: string | undefined): boolean {
  return scope?.split(' ').includes('offline_access') === true;
}
