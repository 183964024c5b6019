import type { TokenEncryption } from '../token/encrypted-jwt.ts';

/**
 * The registration of this client for logout, under the wire names. Members without a value are
 * absent.
 *
 * @see [OpenID Connect Dynamic Client Registration 1.0, section 2](https://openid.net/specs/openid-connect-registration-1_0.html#ClientMetadata)
 */
export interface ClientMetadata {
  /** Where the provider may send the browser after a logout. */
  readonly post_logout_redirect_uris?: string[];
  /** Where the provider posts its Logout Tokens. */
  readonly backchannel_logout_uri?: string;
  /** Logout Tokens have to name the session. */
  readonly backchannel_logout_session_required?: boolean;
  /** What the provider frames in its logout page. */
  readonly frontchannel_logout_uri?: string;
  /** The framed URL has to name the session. */
  readonly frontchannel_logout_session_required?: boolean;
  /** How the client authenticates. */
  readonly token_endpoint_auth_method?: string;
  /** The signature algorithm of ID Tokens and Logout Tokens. */
  readonly id_token_signed_response_alg: string;
  /** How the key of an encrypted ID Token is encrypted. */
  readonly id_token_encrypted_response_alg?: string;
  /** How the content of an encrypted ID Token is encrypted. */
  readonly id_token_encrypted_response_enc?: string;
}

export interface ClientDescription {
  readonly postLogoutRedirectUri: readonly string[];
  readonly backChannelUri: string | undefined;
  readonly frontChannelUri: string | undefined;
  readonly authenticationMethod: string | undefined;
  readonly algorithms: readonly string[];
  readonly idTokenEncryption: TokenEncryption | undefined;
}

export function metadataOf(client: ClientDescription): ClientMetadata {
  const { postLogoutRedirectUri, backChannelUri, frontChannelUri } = client;
  const { authenticationMethod, algorithms, idTokenEncryption } = client;
  return {
    ...(postLogoutRedirectUri.length > 0 && {
      post_logout_redirect_uris: [...postLogoutRedirectUri],
    }),
    ...(backChannelUri !== undefined && {
      backchannel_logout_uri: backChannelUri,
      backchannel_logout_session_required: true,
    }),
    ...(frontChannelUri !== undefined && {
      frontchannel_logout_uri: frontChannelUri,
      frontchannel_logout_session_required: true,
    }),
    ...(authenticationMethod !== undefined && { token_endpoint_auth_method: authenticationMethod }),
    id_token_signed_response_alg: algorithms[0] ?? 'RS256',
    ...(idTokenEncryption !== undefined && {
      id_token_encrypted_response_alg: idTokenEncryption.alg,
      id_token_encrypted_response_enc: idTokenEncryption.enc ?? 'A128CBC-HS256',
    }),
  };
}
