import type { Events, RevocationEvent } from '../events.ts';
import type { Provider } from './provider.ts';
import type { RevocationResult } from './revocation.ts';
import { type Revocation, RevocationQueue } from './revocation-queue.ts';
import type { TokenToAskFor } from './token-request.ts';

/** Which tokens are revoked at the provider. */
export type RevocationPolicy = 'all' | 'refresh-token' | 'never';

export interface TokensToRevoke {
  readonly provider: Provider;
  /** Those that are known: the one that was handed in, and the one that was kept. */
  readonly refreshTokens: readonly (string | undefined)[];
  readonly accessToken?: string | undefined;
  readonly subject: string | undefined;
  readonly sid: string | undefined;
}

export interface RevocationRules {
  readonly revocation: RevocationPolicy;
  /** Milliseconds. */
  readonly revocationTimeout: number;
}

/** Revokes tokens at their providers, by a queue for each. */
export class Revocations {
  readonly #events: Events;
  readonly #rules: RevocationRules;
  readonly #queues = new Map<Provider, RevocationQueue>();
  #isClosed = false;

  constructor(events: Events, rules: RevocationRules) {
    this.#events = events;
    this.#rules = rules;
  }

  /**
   * Asks for all tokens, refresh tokens first, so that no new access token is made of it. Resolves when
   * all were asked for or `revocationTimeout` is over, whatever came of it; never rejects.
   */
  async revoke(tokens: TokensToRevoke): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#rules.revocationTimeout).unref();
    });
    await Promise.race([this.#askForAll(tokens), over]);
    clearTimeout(timer);
  }

  /** The same, for nobody who waits. */
  revokeInBackground(tokens: TokensToRevoke): void {
    void this.#askForAll(tokens);
  }

  /** Tries what waits once more, and resolves within 10 s; what is not done then has failed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#queues.values()].map((queue) => queue.close()));
  }

  async #askForAll(tokens: TokensToRevoke): Promise<void> {
    const queue = this.#queueOf(tokens.provider);
    const revocations = this.#chosen(tokens).map((token): Revocation => {
      return {
        token,
        tell: (result) => {
          this.#tell(tokens, token, result);
        },
      };
    });
    for (const revocation of revocations) queue.accept(revocation);
    for (const revocation of revocations) await queue.ask(revocation);
  }

  #queueOf(provider: Provider): RevocationQueue {
    const queue = this.#queues.get(provider) ?? new RevocationQueue(provider);
    this.#queues.set(provider, queue);
    if (this.#isClosed) void queue.close();
    return queue;
  }

  #chosen({ refreshTokens, accessToken }: TokensToRevoke): TokenToAskFor[] {
    const { revocation } = this.#rules;
    const chosen: TokenToAskFor[] = [];
    if (revocation === 'never') return chosen;
    for (const token of new Set(refreshTokens)) {
      if (token !== undefined) chosen.push({ token, hint: 'refresh_token' });
    }
    if (accessToken !== undefined && revocation === 'all') {
      chosen.push({ token: accessToken, hint: 'access_token' });
    }
    return chosen;
  }

  #tell(
    { provider, subject, sid }: TokensToRevoke,
    { hint }: TokenToAskFor,
    result: RevocationResult,
  ): void {
    if (result.outcome === 'no-endpoint') return;
    const kind: RevocationEvent['kind'] =
      hint === 'refresh_token' ? 'refresh-token' : 'access-token';
    const reason = result.outcome === 'failed' ? result.reason : undefined;
    const { issuer } = provider;
    const { outcome } = result;
    this.#events.emit('revocation', { kind, outcome, reason, issuer, subject, sid });
  }
}
