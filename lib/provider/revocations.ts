import { setTimeout } from 'node:timers/promises';
import type { Events } from '../events.ts';
import type { Provider } from './provider.ts';
import type { RevocationResult } from './revocation.ts';
import { CLOSED, type Revocation, RevocationQueue } from './revocation-queue.ts';
import type { TokenToAskFor } from './token-request.ts';

/** Which tokens are revoked at the provider. */
export type RevocationPolicy = 'all' | 'refresh-token' | 'never';

export interface TokensToRevoke {
  readonly provider: Provider | undefined;
  readonly refreshTokens: readonly (string | undefined)[];
  readonly accessToken?: string | undefined;
  readonly subject: string | undefined;
  readonly sid: string | undefined;
  /** Seconds. */
  readonly delay?: number | undefined;
  readonly isDue?: (() => Promise<boolean>) | undefined;
  /** The session may have changed since the decision. */
  readonly isLate?: boolean | undefined;
}

export interface RevocationRules {
  readonly revocation: RevocationPolicy;
}

/** Neither promise rejects. */
export interface RevocationsUnderWay {
  /** Resolves when each was tried once or put off. */
  readonly asked: Promise<unknown>;
  /** Resolves when each is finished; with `false` where one was given up at the close. */
  readonly done: Promise<boolean>;
}

export class Revocations {
  readonly #events: Events;
  readonly #rules: RevocationRules;
  readonly #queues = new Map<Provider, RevocationQueue>();
  #isClosed = false;

  constructor(events: Events, rules: RevocationRules) {
    this.#events = events;
    this.#rules = rules;
  }

  /** Refresh tokens come first, so that they yield no new access token. */
  revoke(tokens: TokensToRevoke): RevocationsUnderWay {
    const { provider, delay = 0, isDue, isLate = false } = tokens;
    if (provider === undefined) return { asked: Promise.resolve(), done: Promise.resolve(true) };
    const waiting: Revocation[] = [];
    const isChecked = isLate || delay > 0;
    const told = this.#chosen(tokens).map(
      (token) =>
        new Promise<boolean>((resolve) => {
          const tell = (result: RevocationResult) => {
            this.#tell(provider, { tokens, token, result });
            resolve(result.outcome !== 'failed' || result.reason !== CLOSED);
          };
          waiting.push({ token, isDue, isLate: isChecked, tell });
        }),
    );
    const asked = this.#askForAll(this.#queueOf(provider), waiting, delay);
    return { asked, done: Promise.all(told).then((each) => each.every(Boolean)) };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#queues.values()].map((queue) => queue.close()));
  }

  async #askForAll(
    queue: RevocationQueue,
    revocations: readonly Revocation[],
    delay: number,
  ): Promise<void> {
    for (const revocation of revocations) queue.accept(revocation);
    if (delay > 0 && revocations.length > 0) {
      await setTimeout(delay * 1000, undefined, { ref: false });
    }
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
    { issuer }: Provider,
    {
      tokens,
      token,
      result,
    }: { tokens: TokensToRevoke; token: TokenToAskFor; result: RevocationResult },
  ): void {
    if (result.outcome === 'no-endpoint') return;
    const kind = token.hint === 'refresh_token' ? 'refresh-token' : 'access-token';
    const reason = result.outcome === 'failed' ? result.reason : undefined;
    const { outcome } = result;
    const { subject, sid } = tokens;
    this.#events.emit('revocation', { kind, outcome, reason, issuer, subject, sid });
  }
}
