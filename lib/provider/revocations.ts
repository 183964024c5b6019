import { setMaxListeners } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { Events, RevocationEvent } from '../events.ts';
import type { Provider } from './provider.ts';
import { revokeToken, type RevocationResult } from './revocation.ts';
import type { TokenToAskFor } from './token-request.ts';

const MOST_RETRIES = 5;
const MOST_WAITING = 1000;
const FIRST_WAIT_MS = 1000;

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

/** Revokes tokens at their provider; what fails for a while is tried again in the background. */
export class Revocations {
  readonly #events: Events;
  readonly #rules: RevocationRules;
  readonly #closing = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  #waiting = 0;

  constructor(events: Events, rules: RevocationRules) {
    this.#events = events;
    this.#rules = rules;
    setMaxListeners(0, this.#closing.signal);
  }

  /**
   * Asks for all tokens, refresh tokens first, so that no new access token is made of it. Resolves when
   * all were asked for or `revocationTimeout` is over, whatever came of it; never rejects.
   */
  async revoke(tokens: TokensToRevoke): Promise<void> {
    const asked = this.#askForAll(tokens);
    this.#keepTrack(asked);
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#rules.revocationTimeout).unref();
    });
    await Promise.race([asked, over]);
    clearTimeout(timer);
  }

  /** Ends waiting, tries what waits once more, and resolves when nothing is under way. */
  async close(): Promise<void> {
    this.#closing.abort();
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  async #askForAll(tokens: TokensToRevoke): Promise<void> {
    for (const token of this.#chosen(tokens)) {
      const result = await revokeToken(tokens.provider, token);
      if (isFinal(result)) this.#tell(tokens, token, result);
      else this.#keepTrack(this.#retry(tokens, token, result));
    }
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

  async #retry(
    tokens: TokensToRevoke,
    token: TokenToAskFor,
    first: RevocationResult,
  ): Promise<void> {
    let result = first;
    if (this.#waiting < MOST_WAITING) {
      this.#waiting += 1;
      for (let count = 0; count < MOST_RETRIES && !isFinal(result); count += 1) {
        await this.#pause(result, count);
        result = await revokeToken(tokens.provider, token);
        if (this.#closing.signal.aborted) break;
      }
      this.#waiting -= 1;
    }
    this.#tell(tokens, token, result);
  }

  async #pause(result: RevocationResult, count: number): Promise<void> {
    const { retryAfter = 0 } = result.outcome === 'failed' ? result : {};
    const delay = Math.max(retryAfter, FIRST_WAIT_MS * 2 ** count);
    const { signal } = this.#closing;
    await wait(delay, undefined, { signal, ref: false }).catch(() => undefined);
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

  #keepTrack(task: Promise<void>): void {
    this.#underWay.add(task);
    void task.finally(() => this.#underWay.delete(task));
  }
}

function isFinal(result: RevocationResult): boolean {
  return result.outcome !== 'failed' || result.retryAfter === undefined;
}
