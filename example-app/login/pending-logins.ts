import { LRUCache } from 'lru-cache';

/** What a login needs when it comes back from the provider. */
export interface PendingLogin {
  readonly nonce: string;
  readonly codeVerifier: string;
}

const MOST_LOGINS = 1000;
const LOGIN_TIME_MS = 10 * 60 * 1000;

/** Logins that are under way, by their `state`: each for a while, and for one use. */
export class PendingLogins {
  readonly #logins = new LRUCache<string, PendingLogin>({ max: MOST_LOGINS, ttl: LOGIN_TIME_MS });

  add(state: string, login: PendingLogin): void {
    this.#logins.set(state, login);
  }

  take(state: string): PendingLogin | undefined {
    const login = this.#logins.get(state);
    this.#logins.delete(state);
    return login;
  }
}
