import type { EndSessionForm } from '../provider/end-session-request.ts';
import type { Records } from './records.ts';

/** Where a logout sends the browser. */
export interface LogoutAnswer {
  /** The End Session URL; `undefined` where the provider has none. */
  readonly redirect: string | undefined;
  /** The `state` in it. */
  readonly state: string | undefined;
  /** The same as a form, where the app wants one. */
  readonly form?: EndSessionForm | undefined;
  /** The key of the refresh token that showed whose the ID Token in it is; `undefined` where none had to. */
  readonly refreshTokenKey?: string | undefined;
  /** The logout failed when its tokens were put on the list, where some of them may be. */
  readonly isUnfinished?: boolean | undefined;
}

/** What is kept of a logout until the browser comes back. */
export interface PendingLogout {
  readonly returnTo?: string | undefined;
}

/** What has to be remembered of logouts: answers, browsers under way, Logout Tokens that took effect. */
export class Logouts {
  readonly #records: Records;

  constructor(records: Records) {
    this.#records = records;
  }

  /** Keeps the answer to a logout for its retries. */
  async keepAnswer(accessTokenKey: string, answer: LogoutAnswer, ttl: number): Promise<void> {
    await this.#keep(`answer:${accessTokenKey}`, answer, ttl);
  }

  async findAnswer(accessTokenKey: string): Promise<LogoutAnswer | undefined> {
    const [answer] = await this.#records.open<LogoutAnswer>(`answer:${accessTokenKey}`);
    return answer;
  }

  async keepPending(stateKey: string, logout: PendingLogout, ttl: number): Promise<void> {
    await this.#keep(`state:${stateKey}`, logout, ttl);
  }

  /** Answers what was kept, once. */
  async takePending(stateKey: string): Promise<PendingLogout | undefined> {
    return this.#records.take<PendingLogout>(`state:${stateKey}`);
  }

  async hasToken(logoutTokenKey: string): Promise<boolean> {
    return (await this.#records.find(`jti:${logoutTokenKey}`)) !== undefined;
  }

  /** Remembers that a Logout Token took effect, and tells whether it is the first to say so. */
  async addToken(logoutTokenKey: string, ttl: number): Promise<boolean> {
    return this.#records.store.add({ key: `jti:${logoutTokenKey}`, value: '1', ttl });
  }

  async #keep(key: string, value: object, ttl: number): Promise<void> {
    await this.#records.store.set([await this.#records.sealed(key, value, ttl)]);
  }
}
