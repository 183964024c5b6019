import {
  allowInsecureRequests,
  type AuthorizationServer,
  customFetch,
  discoveryRequest,
  JSON_ATTRIBUTE_COMPARISON,
  OperationProcessingError,
  processDiscoveryResponse,
} from 'oauth4webapi';
import { boundedFetch } from './bounded-fetch.ts';

const METADATA_LIMIT = 512 * 1024;
const LONGEST_ISSUER = 200;

/**
 * The members of a provider's metadata that this package reads, under their wire names.
 *
 * @see [OpenID Connect Discovery 1.0, section 3](https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata)
 * @see [RFC 8414, section 2](https://www.rfc-editor.org/rfc/rfc8414#section-2)
 * @see [OpenID Connect RP-Initiated Logout 1.0, section 2.1](https://openid.net/specs/openid-connect-rpinitiated-1_0.html#OPMetadata)
 */
export interface ProviderMetadata {
  /** The provider's keys. */
  readonly jwks_uri?: string | null | undefined;
  /** Where a logout is sent. */
  readonly end_session_endpoint?: string | null | undefined;
  /** Where tokens are revoked. */
  readonly revocation_endpoint?: string | null | undefined;
  /** Where opaque tokens are asked about. */
  readonly introspection_endpoint?: string | null | undefined;
  /** `pairwise` alone: access tokens may have another `sub` than ID Tokens. */
  readonly subject_types_supported?: readonly string[] | null | undefined;
  /** How clients authenticate, where the next two say nothing. */
  readonly token_endpoint_auth_methods_supported?: readonly string[] | null | undefined;
  /** How clients authenticate for a revocation. */
  readonly revocation_endpoint_auth_methods_supported?: readonly string[] | null | undefined;
  /** How clients authenticate for an introspection. */
  readonly introspection_endpoint_auth_methods_supported?: readonly string[] | null | undefined;
  /** The endpoints for clients that authenticate by a certificate (RFC 8705, section 5). */
  readonly mtls_endpoint_aliases?:
    | {
        /** Where tokens are revoked. */
        readonly revocation_endpoint?: string | null | undefined;
        /** Where opaque tokens are asked about. */
        readonly introspection_endpoint?: string | null | undefined;
      }
    | null
    | undefined;
}

export class IssuerMismatchError extends Error {
  readonly code = 'ISSUER_MISMATCH';
  /** In printable form. */
  readonly found: string;

  constructor(found: string) {
    super();
    this.found = found.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, LONGEST_ISSUER);
  }
}

class ServerFailedError extends Error {
  readonly code: string;

  constructor(status: number) {
    super();
    this.code = `HTTP_${status}`;
  }
}

/** @throws {@link IssuerMismatchError} when the metadata are of another issuer. */
export async function fetchMetadata(
  issuer: string,
  signal: AbortSignal,
): Promise<ProviderMetadata> {
  return readDocument(issuer, await request(issuer, { algorithm: 'oidc', signal }));
}

/**
 * The document of RFC 8414, else the one below the issuer's own path, where some providers have all
 * of theirs. An answer that is no such document is one without members.
 *
 * @throws {@link IssuerMismatchError} when the metadata are of another issuer.
 */
export async function fetchServerMetadata(
  issuer: string,
  signal: AbortSignal,
): Promise<ProviderMetadata> {
  const usual = { algorithm: 'oauth2', signal } as const;
  const found = await readServerDocument(issuer, await request(issuer, usual));
  if (found !== undefined || new URL(issuer).pathname === '/') return found ?? {};
  const address = `${issuer.replace(/\/$/, '')}/.well-known/oauth-authorization-server`;
  const response = await request(issuer, { ...usual, address });
  return (await readServerDocument(issuer, response)) ?? {};
}

async function readServerDocument(
  issuer: string,
  response: Response,
): Promise<ProviderMetadata | undefined> {
  const { status } = response;
  if (status >= 500 || status === 429) throw new ServerFailedError(status);
  try {
    return await readDocument(issuer, response);
  } catch (error) {
    if (error instanceof IssuerMismatchError) throw error;
    return undefined;
  }
}

interface MetadataRequest {
  readonly algorithm: 'oidc' | 'oauth2';
  /** In place of the one of the specification. */
  readonly address?: string;
  readonly signal: AbortSignal;
}

function request(
  issuer: string,
  { algorithm, address, signal }: MetadataRequest,
): Promise<Response> {
  return discoveryRequest(new URL(issuer), {
    algorithm,
    // The check of the options decided which http: issuers are allowed.
    [allowInsecureRequests]: true,
    [customFetch]: (usual, init) =>
      boundedFetch(address ?? usual, { ...init, body: null }, METADATA_LIMIT),
    signal,
  });
}

async function readDocument(issuer: string, response: Response): Promise<AuthorizationServer> {
  const document = await processDocument(new URL(issuer), response);
  // Discovery 1.0, section 4.3: identical. The library compares normalized URLs.
  if (document.issuer !== issuer) throw new IssuerMismatchError(document.issuer);
  return document;
}

async function processDocument(url: URL, response: Response): Promise<AuthorizationServer> {
  try {
    return await processDiscoveryResponse(url, response);
  } catch (error) {
    if (!(error instanceof OperationProcessingError) || error.code !== JSON_ATTRIBUTE_COMPARISON) {
      throw error;
    }
    const { body } = error.cause as { readonly body: AuthorizationServer };
    throw new IssuerMismatchError(body.issuer);
  }
}
