import * as client from 'openid-client';
import type { ClientSettings } from '../client-settings.ts';
import { SettingError } from '../setting-error.ts';

const TIMEOUT_SECONDS = 5;
const BASIC = 'client_secret_basic';

export interface AuthorizationRequest {
  readonly state: string;
  readonly nonce: string;
  readonly loginHint?: string | undefined;
}

export interface LoginAnswer {
  /** The query of the URL that the browser came back to. */
  readonly search: string;
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

export type Tokens = Awaited<ReturnType<typeof client.authorizationCodeGrant>>;

/** Login at the provider by openid-client: the code flow with PKCE. */
export class ProviderLogin {
  readonly #configuration: client.Configuration;
  readonly #resource: Record<string, string>;
  readonly #parameters: Record<string, string>;
  readonly #callback: string;

  private constructor(
    configuration: client.Configuration,
    { scope, resource, parameters }: ClientSettings,
    callback: string,
  ) {
    this.#configuration = configuration;
    this.#resource = resource === undefined ? {} : { resource };
    this.#parameters = { scope, ...this.#resource, ...parameters };
    this.#callback = callback;
  }

  /** Reads the provider's metadata. */
  static async discover(provider: ClientSettings, callback: string): Promise<ProviderLogin> {
    const { issuer, clientId } = provider;
    try {
      const configuration = await client.discovery(
        new URL(issuer),
        clientId,
        undefined,
        authenticateAs(provider),
        {
          timeout: TIMEOUT_SECONDS,
          // Which http: issuers are allowed was decided when the settings were read.
          execute: issuer.startsWith('http:') ? [client.allowInsecureRequests] : [],
        },
      );
      return new ProviderLogin(configuration, provider, callback);
    } catch (cause) {
      throw new SettingError(
        `OIDC_ISSUER: the metadata of ${issuer} cannot be read (${reasonOf(cause)})`,
        { cause },
      );
    }
  }

  /** Where the user can log out without the app: the provider's End Session endpoint, as it is. */
  get logoutPage(): string {
    const { end_session_endpoint, issuer } = this.#configuration.serverMetadata();
    return end_session_endpoint ?? issuer;
  }

  /** The URL to send the browser to, and the `code_verifier` to keep until it comes back. */
  async start({ state, nonce, loginHint }: AuthorizationRequest) {
    const codeVerifier = client.randomPKCECodeVerifier();
    const url = client.buildAuthorizationUrl(this.#configuration, {
      ...this.#parameters,
      redirect_uri: this.#callback,
      state,
      nonce,
      code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
      ...(loginHint !== undefined && { login_hint: loginHint }),
    });
    return { redirect: url.href, codeVerifier };
  }

  /** Exchanges the code for tokens. */
  finish({ search, state, nonce, codeVerifier }: LoginAnswer): Promise<Tokens> {
    const url = new URL(this.#callback);
    url.search = search;
    const checks = {
      expectedState: state,
      expectedNonce: nonce,
      pkceCodeVerifier: codeVerifier,
      idTokenExpected: true,
    };
    return client.authorizationCodeGrant(this.#configuration, url, checks, this.#resource);
  }
}

// OpenID Connect Dynamic Client Registration 1.0, section 2: a client is registered for Basic, unless
// it asks for another method.
function authenticateAs({ clientSecret, clientAuth }: ClientSettings): client.ClientAuth {
  if (clientSecret === undefined) return client.None();
  const basic = client.ClientSecretBasic(clientSecret);
  const post = client.ClientSecretPost(clientSecret);
  return (server, ...request) => {
    const supported = server.token_endpoint_auth_methods_supported ?? [BASIC];
    const method = clientAuth ?? (supported.includes(BASIC) ? BASIC : 'client_secret_post');
    (method === BASIC ? basic : post)(server, ...request);
  };
}

/** The code of what lies under an error, such as `ECONNREFUSED`. */
function reasonOf(error: unknown): string {
  let reason = 'unknown';
  let cause = error as { code?: unknown; cause?: unknown } | null | undefined;
  while (typeof cause === 'object' && cause !== null) {
    if (typeof cause.code === 'string') reason = cause.code;
    cause = cause.cause as typeof cause;
  }
  return reason;
}
