import {
  allowInsecureRequests,
  type AuthorizationServer,
  customFetch,
  introspectionRequest,
  revocationRequest,
} from 'oauth4webapi';
import type { Provider } from './provider.ts';
import { isSecureUrl } from './secure-url.ts';

export interface TokenToAskFor {
  readonly token: string;
  readonly hint: 'refresh_token' | 'access_token';
}

const REQUESTS = { revocation: revocationRequest, introspection: introspectionRequest };

/**
 * Posts a token to an endpoint of the provider, authenticated as this client. Answers `undefined` where the
 * provider has no such endpoint.
 *
 * @throws {@link ProviderUnavailableError} when the provider's metadata cannot be had; else what `fetch` throws.
 */
export async function requestForToken(
  provider: Provider,
  kind: 'revocation' | 'introspection',
  { token, hint }: TokenToAskFor,
  readResponse: (response: Response) => Promise<Response>,
): Promise<Response | undefined> {
  const metadata = await provider.metadataWith(`${kind}_endpoint`);
  if (metadata === undefined) return undefined;
  const {
    issuer,
    clientId,
    clientAuthentication,
    allowInsecureRequests: insecure,
  } = provider.settings;
  const isTls = clientAuthentication?.method === 'tls_client_auth';
  const server = { ...metadata, issuer } as AuthorizationServer;
  const aliases = isTls ? metadata.mtls_endpoint_aliases : undefined;
  const url = aliases?.[`${kind}_endpoint`] ?? metadata[`${kind}_endpoint`];
  if (!isSecureUrl(url, insecure)) throw new UnusableAliasError();
  const send = isTls ? clientAuthentication.fetch : fetch;
  const options = () => ({
    additionalParameters: { token_type_hint: hint },
    [allowInsecureRequests]: url.startsWith('http:'),
    [customFetch]: async (input: string, init: RequestInit) =>
      readResponse(await send(input, init)),
    signal: provider.deadline(),
  });
  // RFC 8414, section 2
  const supported =
    metadata[`${kind}_endpoint_auth_methods_supported`] ??
    metadata.token_endpoint_auth_methods_supported;
  const client = { client_id: clientId, use_mtls_endpoint_aliases: isTls };
  const { authenticator } = provider;
  let response: Response | undefined;
  for (const way of authenticator.ways(supported)) {
    response = await REQUESTS[kind](server, client, way, token, options());
    if (await isClientRefused(response)) continue;
    if (response.ok) authenticator.accept(way);
    break;
  }
  return response;
}

class UnusableAliasError extends Error {
  readonly code = 'UNUSABLE_MTLS_ENDPOINT_ALIAS';
}

// RFC 6749, section 5.2: 401, or 400 with `invalid_client`.
async function isClientRefused(response: Response): Promise<boolean> {
  if (response.status !== 400) return response.status === 401;
  const error = (await response
    .clone()
    .json()
    .catch(() => undefined)) as { error?: unknown } | undefined;
  return error?.error === 'invalid_client';
}
