import {
  allowInsecureRequests,
  type AuthorizationServer,
  customFetch,
  introspectionRequest,
  revocationRequest,
} from 'oauth4webapi';
import { fetchAnswer } from './bounded-fetch.ts';
import type { Provider } from './provider.ts';
import { UnusableMemberError } from './usable-metadata.ts';

export interface TokenToAskFor {
  readonly token: string;
  readonly hint: 'refresh_token' | 'access_token';
}

const REQUESTS = { revocation: revocationRequest, introspection: introspectionRequest };

export interface TokenRequest extends TokenToAskFor {
  readonly signal: AbortSignal;
  readonly readResponse: (response: Response) => Promise<Response>;
}

/**
 * `undefined` where the provider has no such endpoint.
 *
 * @throws {@link ProviderUnavailableError} when the provider's metadata cannot be fetched.
 */
export async function requestForToken(
  provider: Provider,
  kind: 'revocation' | 'introspection',
  { token, hint, signal, readResponse }: TokenRequest,
): Promise<Response | undefined> {
  const { issuer, clientId, clientAuthentication } = provider.settings;
  const isTls = clientAuthentication?.method === 'tls_client_auth';
  const { unusable, ...metadata } = await provider.metadata();
  const member = `${kind}_endpoint` as const;
  if (unusable.has(member)) throw new UnusableMemberError(member);
  const url = (isTls ? metadata.mtls_endpoint_aliases[member] : undefined) ?? metadata[member];
  if (url === undefined) return undefined;
  const server: AuthorizationServer = { issuer, [member]: url };
  const send = isTls ? clientAuthentication.fetch : fetch;
  const options = {
    additionalParameters: { token_type_hint: hint },
    [allowInsecureRequests]: url.startsWith('http:'),
    [customFetch]: async (input: string, init: RequestInit) =>
      readResponse(await fetchAnswer(input, init, send)),
    signal,
  };
  // RFC 8414, section 2
  const supported =
    metadata[`${kind}_endpoint_auth_methods_supported`] ??
    metadata.token_endpoint_auth_methods_supported;
  const { authenticator } = provider;
  let response: Response | undefined;
  for (const way of authenticator.ways(supported)) {
    response = await REQUESTS[kind](server, { client_id: clientId }, way, token, options);
    if (await isClientRefused(response)) continue;
    if (response.ok) authenticator.accept(way);
    break;
  }
  return response;
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
