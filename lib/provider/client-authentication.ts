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
  /** The `kid` of the public key at the provider. Default: none. */
  readonly kid?: string | undefined;
}

/** `tls_client_auth` (RFC 8705): the certificate that the app's own `fetch` presents. */
export interface TlsClientAuthentication {
  /** The name of the method. */
  readonly method: 'tls_client_auth';
  /** Presents the certificate of the client. */
  readonly fetch: typeof fetch;
}

/** `none`: a public client, which sends only its `client_id`. */
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

/** A client's secret and authentication, in the allowed combinations. */
export type ClientCredentials =
  | {
      /**
       * The client's secret. The secret authenticates the client at the revocation and
       * introspection endpoints, and verifies ID Tokens and Logout Tokens of the algorithms
       * `HS256`, `HS384` and `HS512`. Default: none; a public client.
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

type Ways = readonly [ClientAuth, ...ClientAuth[]];

/**
 * The accepted way is remembered: a provider that supports several may have registered this client
 * for only one.
 */
export class ClientAuthenticator {
  readonly #ways: Ways;
  readonly #post: ClientAuth | undefined;
  #accepted: ClientAuth | undefined;

  constructor(secret: string | undefined, authentication: ClientAuthentication | undefined) {
    const isAutomatic = authentication === undefined && secret !== undefined;
    // Some providers refuse a form-encoded Basic credential, as required by RFC 6749.
    this.#post = isAutomatic ? ClientSecretPost(secret) : undefined;
    const standard = secret === undefined ? None() : ClientSecretBasic(secret);
    this.#ways = [authentication ? authenticatorOf(authentication, secret) : standard];
  }

  ways(supported: readonly string[] | undefined): Ways {
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
