import { randomNonce, randomState } from 'openid-client';
import type { OidcLogout } from '../../lib/index.ts'; // from 'express-oidc-logout'
import { loginError, LoginRefusedError, LoginUnavailableError } from './login-error.ts';
import { PendingLogins } from './pending-logins.ts';
import type { ProviderLogin, Tokens } from './provider-login.ts';

export interface LoginStart {
  readonly state?: string | undefined;
  readonly nonce?: string | undefined;
  readonly loginHint?: string | undefined;
}

export interface LoginReturn {
  /** The query of the URL that the browser came back to. */
  readonly search: string;
  readonly state: string;
  /** Default: the one that the login was started with. */
  readonly nonce?: string | undefined;
}

/** Logins from their start to their registration at `oidc.sessions`. */
export class Logins {
  readonly #pending = new PendingLogins();
  readonly #provider: ProviderLogin;
  readonly #oidc: OidcLogout;

  constructor(provider: ProviderLogin, oidc: OidcLogout) {
    this.#provider = provider;
    this.#oidc = oidc;
  }

  async start({ state = randomState(), nonce = randomNonce(), loginHint }: LoginStart = {}) {
    const { redirect, codeVerifier } = await this.#provider.start({ state, nonce, loginHint });
    this.#pending.add(state, { nonce, codeVerifier });
    return { redirect, state, nonce };
  }

  /**
   * Exchanges the code for tokens, and registers them.
   *
   * @throws {@link LoginRefusedError} or {@link LoginUnavailableError}
   */
  async finish({ search, state, nonce }: LoginReturn): Promise<Tokens> {
    const pending = this.#pending.take(state);
    if (pending === undefined) throw new LoginRefusedError('login_unknown');
    try {
      const tokens = await this.#provider.finish({
        search,
        state,
        ...pending,
        ...(nonce && { nonce }),
      });
      await this.#oidc.sessions.save(tokens);
      return tokens;
    } catch (cause) {
      const error = loginError(cause);
      if (error instanceof LoginRefusedError && error.advice) console.error(error.advice);
      // Clients try again after an outage: that must not look like a login that is used up.
      if (error instanceof LoginUnavailableError) this.#pending.add(state, pending);
      throw error;
    }
  }
}
