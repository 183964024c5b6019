import type { IncomingHttpHeaders } from 'node:http';

export interface Answer {
  /** `undefined` where there was none. */
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Why there was no answer. */
  readonly failure?: string;
}

/** How long an answer may take. */
export const LONGEST_MS = 15_000;

/** What there is instead of an answer. */
export function without(failure: string): Answer {
  return { status: undefined, headers: {}, body: '', failure };
}

/**
 * An answer in short: its status, the code in its body, and what it lacks of what every such answer must
 * have.
 */
export function outcomeOf({ status, headers, body, failure }: Answer): string {
  if (status === undefined) return failure ?? 'nothing';
  const { error, code, outcome } = parse(body);
  const isOurs = typeof error === 'string';
  const lacks = [
    status === 401 && headers['www-authenticate'] === undefined && 'no WWW-Authenticate',
    status === 503 && headers['retry-after'] === undefined && 'no Retry-After',
    status === 405 && headers.allow === undefined && 'no Allow',
    isOurs && headers['cache-control'] !== 'no-store' && 'no no-store',
  ];
  return [status, error, code, outcome, ...lacks].filter(Boolean).join(' ');
}

export function parse(body: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(body)) as Record<string, unknown>;
  } catch {
    return {};
  }
}
