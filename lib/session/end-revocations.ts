import type { SessionRecord } from '../invalidation/session-record.ts';
import type { Provider } from '../provider/provider.ts';
import type { Revocations, TokensToRevoke } from '../provider/revocations.ts';
import type { Operations } from '../store/operations.ts';
import type { Ending, LateTokens, SessionEnding } from './ending.ts';
import type { OpenTokens, SessionSeal } from './session-seal.ts';

/** The revocations of one end. */
export interface EndRevocation {
  /** Resolves when the provider was asked for each once; never rejects. */
  readonly asked: Promise<unknown>;
  /** Resolves with the letters of what is settled; never rejects. */
  readonly done: Promise<string>;
}

export interface EndRevocationsParts {
  readonly operations: Operations;
  readonly revocations: Revocations;
  readonly providers: ReadonlyMap<string, Provider>;
  readonly seal: SessionSeal;
  /** Seconds. */
  readonly revocationDelay: number;
}

/** Revokes at the provider what an end leaves alive there. */
export class EndRevocations {
  readonly #parts: EndRevocationsParts;

  constructor(parts: EndRevocationsParts) {
    this.#parts = parts;
  }

  /**
   * Revokes what a session keeps, and what was handed in with its end. `isResumed`: somebody else began that. Resolves
   * when all of it is taken in.
   */
  async revokeKept(
    ending: SessionEnding,
    record: SessionRecord,
    isResumed: boolean,
  ): Promise<EndRevocation> {
    const kept = await this.#open(ending, record);
    const { asked, done } = this.#parts.revocations.revoke({
      ...this.#tokensOf(ending, kept),
      isDue: () => this.#isDue(ending.session, record.end?.event),
      isLate: isResumed,
    });
    // What a closed app gave up stays in the record, for the same call or another signed end.
    return { asked, done: done.then((isDone) => (isDone ? 'tr' : 't')) };
  }

  /** Revokes what was handed in with the end of a session that keeps nothing. */
  async revokeHandedIn(ending: Ending): Promise<void> {
    await this.#parts.revocations.revoke(this.#tokensOf(ending, [])).asked;
  }

  /** The same of a session that ended before, unless it lives again. */
  async revokeLate(ending: SessionEnding): Promise<void> {
    const { session } = ending;
    const isDue = async () => !(await this.#parts.operations.look(session)).isLive;
    const { refreshToken } = ending.handedIn ?? {};
    const tokens = this.#tokensOf({ ...ending, handedIn: { refreshToken } }, []);
    await this.#parts.revocations.revoke({ ...tokens, isDue, isLate: true }).asked;
  }

  /** Revokes the tokens of a login or a refresh that is refused. */
  revokeRefused({ owner, provider, tokens }: LateTokens): void {
    const { accessToken, refreshToken } = tokens;
    if (provider === undefined) return;
    const { subject, sid } = owner;
    this.#parts.revocations.revoke({
      ...{ provider, subject, sid },
      ...{ refreshTokens: [refreshToken], accessToken: accessToken.text },
    });
  }

  /**
   * What a Logout Token ends is revoked a while later: revoked in the turn of its answer, a provider may bring its
   * session back.
   */
  #tokensOf(ending: Ending, kept: readonly OpenTokens[]): TokensToRevoke {
    const { cause, owner, handedIn = {} } = ending;
    const isSpared = ({ scope }: OpenTokens) =>
      cause === 'back-channel' && ending.revokesOfflineAccess !== true && isOffline(scope);
    const own = kept.filter((tokens) => !isSpared(tokens)).map(({ refreshToken }) => refreshToken);
    return {
      ...{ provider: this.#parts.providers.get(owner.issuer), ...owner },
      refreshTokens: [handedIn.refreshToken, ...own],
      accessToken: handedIn.accessToken,
      delay: cause === 'back-channel' ? this.#parts.revocationDelay : 0,
    };
  }

  /** Whether the session is still over, and this revocation still to be done: a newer login may have come. */
  async #isDue(session: string, event: string | undefined): Promise<boolean> {
    const { end } = await this.#parts.operations.look(session);
    return end !== undefined && end.event === event && end.left.includes('r');
  }

  #open({ session }: SessionEnding, { tokens }: SessionRecord): Promise<OpenTokens[]> {
    const { seal } = this.#parts;
    return Promise.all(
      Object.entries(tokens).map(([clientId, sealed]) => seal.open(session, clientId, sealed)),
    );
  }
}

// Offline access outlives a logout at the provider (Back-Channel Logout 1.0, section 2.7).
function isOffline(scope: string | undefined): boolean {
  return scope?.split(' ').includes('offline_access') === true;
}
