import { failureReason } from '../input/failure-reason.ts';
import { isObject } from '../input/json-object.ts';
import { boundedFetch } from '../provider/bounded-fetch.ts';

/** Milliseconds for one answer of the provider. */
export const TIMEOUT_MS = 10_000;

const LIMIT = 1024 * 1024;

export type Document = Readonly<Record<string, unknown>>;

/** The message says what is wrong with the answer of which URL. */
export class DocumentError extends Error {}

/** @throws {@link DocumentError} */
export async function fetchDocument(url: string): Promise<Document> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const headers = { accept: 'application/json, application/jwk-set+json' };
    const response = await boundedFetch(url, { signal, headers, redirect: 'manual' }, LIMIT);
    if (response.status !== 200) throw new DocumentError(`answers ${response.status}, not 200`);
    const document: unknown = await response.json();
    if (!isObject(document)) throw new DocumentError('answers no JSON object');
    return document;
  } catch (error) {
    throw new DocumentError(
      `${url} ${error instanceof DocumentError ? error.message : explain(error)}.`,
    );
  }
}

export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

const EXPLANATIONS = new Map([
  ['SyntaxError', 'answers no JSON'],
  ['RESPONSE_TOO_LARGE', 'answers more than 1 MB'],
  ['ECONNREFUSED', 'refuses the connection'],
  ['ENOTFOUND', 'cannot be asked: there is no such host'],
  ['TimeoutError', `does not answer within ${TIMEOUT_MS / 1000} s`],
]);

export function explain(error: unknown): string {
  if (isBadPort(error)) return 'cannot be asked: fetch() refuses this port';
  const reason = failureReason(error);
  return EXPLANATIONS.get(reason) ?? `cannot be asked (${reason})`;
}

// Such as port 1: https://fetch.spec.whatwg.org/#port-blocking. The error has no code.
function isBadPort(error: unknown): boolean {
  const { cause } = error as { readonly cause?: { readonly message?: unknown } };
  return cause?.message === 'bad port';
}
