import { failureReason } from '../input/failure-reason.ts';

/** Milliseconds for one document of the provider. */
export const TIMEOUT_MS = 10_000;

const ANOTHER_ISSUER = 'it names another issuer; a trailing slash counts';
const NO_JSON = 'the answer is no JSON';

const EXPLANATIONS = new Map([
  ['ISSUER_MISMATCH', ANOTHER_ISSUER],
  ['OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED', ANOTHER_ISSUER],
  ['OAUTH_INVALID_RESPONSE', 'it names no issuer'],
  ['OAUTH_RESPONSE_IS_NOT_CONFORM', 'the answer is not 200'],
  ['OAUTH_RESPONSE_IS_NOT_JSON', NO_JSON],
  ['OAUTH_PARSE_ERROR', NO_JSON],
  ['SyntaxError', NO_JSON],
  ['RESPONSE_TOO_LARGE', 'the answer is too large'],
  ['ECONNREFUSED', 'the connection is refused'],
  ['ENOTFOUND', 'there is no such host'],
  ['TimeoutError', `there is no answer within ${TIMEOUT_MS / 1000} s`],
]);

export function explain(error: unknown): string {
  const reason = failureReason(error);
  return EXPLANATIONS.get(reason) ?? `it cannot be fetched (${reason})`;
}
