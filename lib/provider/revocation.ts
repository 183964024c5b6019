import { processRevocationResponse, ResponseBodyError } from 'oauth4webapi';
import { isInstance } from '../input/app-function.ts';
import { ProviderUnavailableError } from '../errors.ts';
import { failureReason } from '../input/failure-reason.ts';
import { boundedResponse } from './bounded-fetch.ts';
import type { Provider } from './provider.ts';
import type { NoTokenEndpoint } from './token-endpoint.ts';
import { requestForToken, type TokenToAskFor } from './token-request.ts';

export type RevocationResult =
  | {
      readonly outcome: 'revoked' | 'unsupported' | 'skipped' | 'no-endpoint';
      readonly reason?: string;
    }
  | {
      readonly outcome: 'failed';
      readonly reason: string;
      /** Milliseconds; `undefined` where another try would not help. */
      readonly retryAfter: number | undefined;
      /** `false` where the provider could not be reached, or did not answer in time. */
      readonly isAnswer: boolean;
    };

const ERROR_LIMIT = 16 * 1024;
const SHORTEST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;
// RFC 6749, section 5.2, and RFC 7009, section 2.2.1: the field could hold any text.
const ERROR_CODES = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_token_type',
  'invalid_token',
]);

/** @see [RFC 7009, section 2](https://www.rfc-editor.org/rfc/rfc7009#section-2) */
export async function revokeToken(
  provider: Provider,
  token: TokenToAskFor,
): Promise<RevocationResult> {
  try {
    const endpoint = await provider.tokenEndpoint('revocation');
    if (endpoint.url === undefined) return resultWithout(endpoint);
    return await provider.requests.make(async (signal) => {
      const request = { ...token, endpoint, signal, readResponse: readError };
      return resultOf(await requestForToken(provider, 'revocation', request));
    });
  } catch (error) {
    const known = isInstance(error, ProviderUnavailableError) ? error.reason : undefined;
    const reason = known ?? failureReason(error);
    return { outcome: 'failed', reason, retryAfter: 0, isAnswer: false };
  }
}

function resultWithout({ reason, isUnusable }: NoTokenEndpoint): RevocationResult {
  if (!isUnusable) return { outcome: 'no-endpoint' };
  return { outcome: 'failed', reason, retryAfter: undefined, isAnswer: false };
}

// RFC 7009, section 2.2: the body of a success has no meaning.
async function readError(response: Response): Promise<Response> {
  if (!response.ok) return boundedResponse(response, ERROR_LIMIT);
  await response.body?.cancel();
  return response;
}

async function resultOf(response: Response): Promise<RevocationResult> {
  const { ok, status } = response;
  if (ok) return { outcome: 'revoked' };
  const reason = `HTTP_${status}`;
  // RFC 7009, section 2.2.1: the token may still be valid, and the request may be repeated.
  if (status >= 500 || status === 429) {
    return { outcome: 'failed', reason, retryAfter: retryAfterOf(response), isAnswer: true };
  }
  const error = await errorOf(response);
  if (error === 'unsupported_token_type') return { outcome: 'unsupported' };
  // Google's answer for a token revoked before.
  if (error === 'invalid_token') return { outcome: 'revoked' };
  return { outcome: 'failed', reason: error ?? reason, retryAfter: undefined, isAnswer: true };
}

async function errorOf(response: Response): Promise<string | undefined> {
  try {
    await processRevocationResponse(response);
  } catch (error) {
    if (error instanceof ResponseBodyError && ERROR_CODES.has(error.error)) return error.error;
  }
  return undefined;
}

// RFC 9110, section 10.2.3: seconds, or a date.
function retryAfterOf({ headers }: Response): number {
  const value = headers.get('retry-after') ?? '';
  const wait = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return wait > 0 ? Math.min(Math.max(wait, SHORTEST_WAIT_MS), LONGEST_WAIT_MS) : 0;
}
