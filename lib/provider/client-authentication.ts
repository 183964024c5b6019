import type { CryptoKey } from 'jose';
import {
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  None,
  PrivateKeyJwt,
  TlsClientAuth,
} from 'oauth4webapi';

/** `client_secret_basic` (RFC 6749, section 2.3.1): the secret in the Authorization header. */
export interface ClientSecretBasicAuthentication {
  /** The name of the method. */
  readonly method: 'client_secret_basic';
}

/** `client_secret_post` (RFC 6749, section 2.3.1): the secret in the body. */
export interface ClientSecretPostAuthentication {
  /** The name of the method. */
  readonly method: 'client_secret_post';
}

/** `private_key_jwt` (OpenID Connect Core 1.0, section 9): a JWT signed by the client. */
export interface PrivateKeyJwtAuthentication {
  /** The name of the method. */
  readonly method: 'private_key_jwt';
  /** The key that signs. */
  readonly privateKey: CryptoKey;
  /** The `kid` of its public key as the provider knows it. Default: none. */
  readonly kid?: string | undefined;
}

/** `tls_client_auth` (RFC 8705): the certificate that the app's own `fetch` presents. */
export interface TlsClientAuthentication {
  /** The name of the method. */
  readonly method: 'tls_client_auth';
  /** Presents the certificate of the client. */
  readonly fetch: typeof fetch;
}

/** `none`: a public client, which only names itself. */
export interface NoClientAuthentication {
  /** The name of the method. */
  readonly method: 'none';
}

/** How this client authenticates at the provider's endpoints. */
export type ClientAuthentication =
  | ClientSecretBasicAuthentication
  | ClientSecretPostAuthentication
  | PrivateKeyJwtAuthentication
  | TlsClientAuthentication
  | NoClientAuthentication;

/** A client's secret and its authentication, in the combinations that make sense. */
export type ClientCredentials =
  | {
      /**
       * The client's secret. It authenticates the client at the provider's revocation and introspection
       * endpoints, and is the key of ID Tokens and Logout Tokens whose algorithm is `HS256`, `HS384` or
       * `HS512`. Default: none; a public client.
       */
      readonly clientSecret?: string | undefined;
      /**
       * How the client authenticates. Default: by the secret, in the body where the provider lists
       * `client_secret_post`, else in the header; without a secret not at all.
       */
      readonly clientAuthentication?:
        PrivateKeyJwtAuthentication | TlsClientAuthentication | undefined;
    }
  | {
      /** The client's secret. */
      readonly clientSecret: string;
      /** How the client authenticates by the secret. */
      readonly clientAuthentication:
        ClientSecretBasicAuthentication | ClientSecretPostAuthentication;
    }
  | {
      /** None. */
      readonly clientSecret?: undefined;
      /** The client does not authenticate. */
      readonly clientAuthentication: NoClientAuthentication;
    };

/**
 * Authenticates the client: as it is configured, else in the ways to try, one after the other. A provider that
 * supports several may have registered this client for one of them only, which is remembered.
 */
export class ClientAuthenticator {
  readonly #ways: readonly ClientAuth[];
  readonly #post: ClientAuth | undefined;
  #accepted: ClientAuth | undefined;

  constructor(secret: string | undefined, authentication: ClientAuthentication | undefined) {
    const isAutomatic = authentication === undefined && secret !== undefined;
    // Some providers refuse a form-encoded Basic credential, as RFC 6749 demands it.
    this.#post = isAutomatic ? ClientSecretPost(secret) : undefined;
    const standard = secret === undefined ? None() : ClientSecretBasic(secret);
    this.#ways = [authentication ? authenticatorOf(authentication, secret) : standard];
  }

  /** The ways to try at an endpoint that supports these methods. */
  ways(supported: readonly string[] | undefined): readonly ClientAuth[] {
    if (this.#accepted !== undefined) return [this.#accepted];
    const post = supported?.includes('client_secret_post') ? this.#post : undefined;
    return post === undefined ? this.#ways : [post, ...this.#ways];
  }

  accept(way: ClientAuth): void {
    this.#accepted = way;
  }
}

function authenticatorOf(authentication: ClientAuthentication, secret = ''): ClientAuth {
  switch (authentication.method) {
    case 'client_secret_basic':
      return ClientSecretBasic(secret);
    case 'client_secret_post':
      return ClientSecretPost(secret);
    case 'private_key_jwt':
      return PrivateKeyJwt(privateKeyOf(authentication));
    case 'tls_client_auth':
      return TlsClientAuth();
    case 'none':
      return None();
  }
}

function privateKeyOf({ privateKey: key, kid }: PrivateKeyJwtAuthentication) {
  return kid === undefined ? { key } : { key, kid };
}
