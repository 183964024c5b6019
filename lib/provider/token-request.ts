import {
  allowInsecureRequests,
  type AuthorizationServer,
  type ClientAuth,
  customFetch,
  introspectionRequest,
  revocationRequest,
} from 'oauth4webapi';
import { fetchAnswer } from './bounded-fetch.ts';
import type { Provider } from './provider.ts';
import type { TokenEndpoint, TokenOperation } from './token-endpoint.ts';

export interface TokenToAskFor {
  readonly token: string;
  readonly hint: 'refresh_token' | 'access_token';
}

const REQUESTS = { revocation: revocationRequest, introspection: introspectionRequest };

export interface TokenRequest extends TokenToAskFor {
  readonly endpoint: TokenEndpoint;
  readonly signal: AbortSignal;
  readonly readResponse: (response: Response) => Promise<Response>;
}

export async function requestForToken(
  provider: Provider,
  operation: TokenOperation,
  { endpoint, token, hint, signal, readResponse }: TokenRequest,
): Promise<Response> {
  const { issuer, clientId, clientAuthentication } = provider.settings;
  const { url, authMethods } = endpoint;
  const server: AuthorizationServer = { issuer, [`${operation}_endpoint`]: url };
  const send =
    clientAuthentication?.method === 'tls_client_auth' ? clientAuthentication.fetch : fetch;
  const options = {
    additionalParameters: { token_type_hint: hint },
    [allowInsecureRequests]: url.startsWith('http:'),
    [customFetch]: async (input: string, init: RequestInit) =>
      readResponse(await fetchAnswer(input, init, send)),
    signal,
  };
  const ask = (by: ClientAuth) =>
    REQUESTS[operation](server, { client_id: clientId }, by, token, options);
  const [first, ...others] = provider.authenticator.ways(authMethods);
  let way = first;
  let response = await ask(way);
  for (const other of others) {
    if (!(await isClientRefused(response))) break;
    way = other;
    response = await ask(way);
  }
  if (response.ok) provider.authenticator.accept(way);
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
