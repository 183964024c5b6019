import {
  allowInsecureRequests,
  customFetch,
  discoveryRequest,
  processDiscoveryResponse,
} from 'oauth4webapi';
import { boundedFetch } from './bounded-fetch.ts';

const METADATA_LIMIT = 512 * 1024;

/**
 * What this package reads of a provider's metadata, under its wire names.
 *
 * @see [OpenID Connect Discovery 1.0, section 3](https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata)
 * @see [RFC 8414, section 2](https://www.rfc-editor.org/rfc/rfc8414#section-2)
 * @see [OpenID Connect RP-Initiated Logout 1.0, section 2.1](https://openid.net/specs/openid-connect-rpinitiated-1_0.html#OPMetadata)
 */
export interface ProviderMetadata {
  readonly jwks_uri?: string | null | undefined;
  readonly end_session_endpoint?: string | null | undefined;
  readonly revocation_endpoint?: string | null | undefined;
  readonly introspection_endpoint?: string | null | undefined;
  readonly token_endpoint_auth_methods_supported?: readonly string[] | undefined;
  readonly revocation_endpoint_auth_methods_supported?: readonly string[] | undefined;
  readonly introspection_endpoint_auth_methods_supported?: readonly string[] | undefined;
  readonly mtls_endpoint_aliases?:
    | {
        readonly revocation_endpoint?: string | undefined;
        readonly introspection_endpoint?: string | undefined;
      }
    | undefined;
}

class IssuerMismatchError extends Error {
  readonly code = 'ISSUER_MISMATCH';
}

/** Fetches the provider's metadata from `<issuer>/.well-known/openid-configuration`. */
export async function fetchMetadata(
  issuer: string,
  signal: AbortSignal,
): Promise<ProviderMetadata> {
  const url = new URL(issuer);
  const response = await discoveryRequest(url, {
    // Which http: issuers are allowed was decided when the options were checked.
    [allowInsecureRequests]: true,
    [customFetch]: (input, init) => boundedFetch(input, { ...init, body: null }, METADATA_LIMIT),
    signal,
  });
  const metadata = await processDiscoveryResponse(url, response);
  // Discovery 1.0, section 4.3: identical, where the library compares normalized URLs.
  if (metadata.issuer !== issuer) throw new IssuerMismatchError();
  return metadata;
}
