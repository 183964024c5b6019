export type EndSessionParameter = readonly [name: string, value: string | undefined];

/** Each once, none empty, none already in the endpoint's own query. */
export function sentParameters(
  endpoint: string,
  parameters: readonly EndSessionParameter[],
): Record<string, string> {
  const own = new URL(endpoint).searchParams;
  const sent = new Map<string, string>();
  for (const [name, value] of parameters) {
    if (value !== undefined && value !== '' && !own.has(name) && !sent.has(name)) {
      sent.set(name, value);
    }
  }
  return Object.fromEntries(sent);
}

/** The endpoint's own query stays unchanged. */
export function buildEndSessionUrl(
  endpoint: string,
  parameters: readonly EndSessionParameter[],
): string {
  const query = new URLSearchParams(sentParameters(endpoint, parameters));
  if (query.size === 0) return endpoint;
  return endpoint + separator(endpoint) + query.toString();
}

function separator(endpoint: string): string {
  if (!endpoint.includes('?')) return '?';
  return endpoint.endsWith('?') || endpoint.endsWith('&') ? '' : '&';
}
