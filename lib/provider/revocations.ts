import { setTimeout } from 'node:timers/promises';
import type { Events } from '../events.ts';
import type { Provider } from './provider.ts';
import type { RevocationResult } from './revocation.ts';
import { CLOSED, type Revocation, RevocationQueue } from './revocation-queue.ts';
import type { TokenToAskFor } from './token-request.ts';

/** Which tokens are revoked at the provider. */
export type RevocationPolicy = 'all' | 'refresh-token' | 'never';

export interface IssuedToken {
  readonly text: string;
  /** The client that got the token; `undefined` for a client of no entry. */
  readonly provider: Provider | undefined;
}

export interface TokensToRevoke {
  readonly refreshTokens: readonly (IssuedToken | undefined)[];
  readonly accessToken?: IssuedToken | undefined;
  readonly issuer: string;
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

interface ChosenToken extends TokenToAskFor {
  readonly provider: Provider | undefined;
}

interface WaitingRevocation {
  readonly queue: RevocationQueue;
  readonly revocation: Revocation;
}

/** Neither promise rejects. */
export interface RevocationsUnderWay {
  /** Resolves when each was tried once or put off. */
  readonly asked: Promise<unknown>;
  /** Resolves when each is finished; with `false` where one was given up at the close. */
  readonly done: Promise<boolean>;
}

/** The reason where this app is not the client that got a token. */
const OTHER_CLIENT = 'OTHER_CLIENT';

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
    const { delay = 0, isDue, isLate = false } = tokens;
    const waiting: WaitingRevocation[] = [];
    const looksFirst = isLate || delay > 0;
    const told = this.#chosen(tokens).map(
      ({ provider, ...token }) =>
        new Promise<boolean>((resolve) => {
          const tell = (result: RevocationResult) => {
            this.#tell(tokens, token, result);
            resolve(result.outcome !== 'failed' || result.reason !== CLOSED);
          };
          if (provider === undefined) {
            // Another client's authentication would be needed.
            tell({ outcome: 'unsupported', reason: OTHER_CLIENT });
            return;
          }
          const queue = this.#queueOf(provider);
          waiting.push({ queue, revocation: { token, isDue, looksFirst, tell } });
        }),
    );
    const asked = this.#askForAll(waiting, delay);
    return { asked, done: Promise.all(told).then((each) => each.every(Boolean)) };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#queues.values()].map((queue) => queue.close()));
  }

  async #askForAll(waiting: readonly WaitingRevocation[], delay: number): Promise<void> {
    for (const { queue, revocation } of waiting) queue.accept(revocation);
    if (delay > 0 && waiting.length > 0) {
      await setTimeout(delay * 1000, undefined, { ref: false });
    }
    for (const { queue, revocation } of waiting) await queue.ask(revocation);
  }

  #queueOf(provider: Provider): RevocationQueue {
    const queue = this.#queues.get(provider) ?? new RevocationQueue(provider);
    this.#queues.set(provider, queue);
    if (this.#isClosed) void queue.close();
    return queue;
  }

  #chosen({ refreshTokens, accessToken }: TokensToRevoke): ChosenToken[] {
    const { revocation } = this.#rules;
    if (revocation === 'never') return [];
    const byText = new Map<string, ChosenToken>();
    for (const token of refreshTokens) {
      if (token !== undefined) byText.set(token.text, chosenToken(token, 'refresh_token'));
    }
    const chosen = [...byText.values()];
    if (accessToken !== undefined && revocation === 'all') {
      chosen.push(chosenToken(accessToken, 'access_token'));
    }
    return chosen;
  }

  #tell(
    { issuer, subject, sid }: TokensToRevoke,
    { hint }: TokenToAskFor,
    result: RevocationResult,
  ): void {
    if (result.outcome === 'no-endpoint') return;
    const kind = hint === 'refresh_token' ? 'refresh-token' : 'access-token';
    const { outcome, reason } = result;
    this.#events.emit('revocation', { kind, outcome, reason, issuer, subject, sid });
  }
}

function chosenToken({ text: token, provider }: IssuedToken, hint: TokenToAskFor['hint']) {
  return { token, hint, provider };
}
