import type { Random } from './random.ts';

/** The token endpoint's answer. */
export interface Tokens {
  readonly access_token: string;
  readonly id_token: string;
  readonly refresh_token: string;
  readonly token_type: string;
  readonly expires_in: number;
  readonly scope: string;
}

/**
 * What is known of a login. `unsure` while its end is under way, and after an end of which nobody knows how
 * far it came.
 */
export type LoginState = 'live' | 'unsure' | 'ended';

export interface Login {
  readonly sub: string;
  readonly sid: string;
  /** Those that it was saved with. */
  readonly saved: Tokens;
  tokens: Tokens;
  /** Those of earlier refreshes too. */
  readonly accessTokens: string[];
  state: LoginState;
  /** Where its own logout was told to send the browser. */
  redirect?: string | undefined;
  /** By the provider or an administrator, and not by a logout of its own. */
  isEndedByOthers: boolean;
  /** It was saved again after its end, and so its tokens are refused for themselves. */
  isRefused: boolean;
  /** By the clock of {@link performance}. */
  endedAt: number;
}

const ENDED_KEPT = 3000;
const MOST_LIVE = 1000;

/** The logins of all users, by what is known of them. */
export class Logins {
  readonly #random: Random;
  readonly #live: Login[] = [];
  readonly #ended: Login[] = [];
  readonly #unfinished: Login[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  add(login: Login): void {
    if (this.#live.length >= MOST_LIVE) this.take();
    this.#live.push(login);
  }

  /** One that others may be ending, or refreshing, at this moment. */
  anyLive(): Login | undefined {
    return this.#live[this.#random.index(this.#live.length)];
  }

  /** One that nobody else has. */
  take(): Login | undefined {
    const index = this.#random.index(this.#live.length);
    const login = this.#live[index];
    const last = this.#live.pop();
    if (login !== undefined && last !== undefined && last !== login) this.#live[index] = last;
    return login;
  }

  anyEnded(): Login | undefined {
    return this.#ended[this.#random.index(this.#ended.length)];
  }

  takeUnfinished(): Login | undefined {
    return this.#unfinished.shift();
  }

  addEnded(login: Login): void {
    login.state = 'ended';
    login.endedAt = performance.now();
    if (this.#ended.length < ENDED_KEPT) this.#ended.push(login);
    else this.#ended[this.#random.index(ENDED_KEPT)] = login;
  }

  addUnfinished(login: Login): void {
    this.#unfinished.push(login);
  }
}
