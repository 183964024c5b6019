/**
 * The parameters of a logout request, under their wire names and in the order in which they are sent.
 *
 * @see [OpenID Connect RP-Initiated Logout 1.0, section 2](https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout)
 */
export interface EndSessionParameters {
  readonly id_token_hint?: string | undefined;
  readonly client_id?: string | undefined;
  readonly post_logout_redirect_uri?: string | undefined;
  readonly state?: string | undefined;
}

const ORDER = ['id_token_hint', 'client_id', 'post_logout_redirect_uri', 'state'] as const;

/**
 * Appends the parameters to the end-session endpoint, whose own query stays as it is. Each parameter
 * stands once: one that the endpoint's own query holds already is not sent again.
 */
export function buildEndSessionUrl(endpoint: string, parameters: EndSessionParameters): string {
  const own = new URL(endpoint).searchParams;
  const query = new URLSearchParams();
  for (const name of ORDER) {
    const value = parameters[name];
    if (value !== undefined && value !== '' && !own.has(name)) query.append(name, value);
  }
  if (query.size === 0) return endpoint;
  return endpoint + separator(endpoint) + query.toString();
}

function separator(endpoint: string): string {
  if (!endpoint.includes('?')) return '?';
  return endpoint.endsWith('?') || endpoint.endsWith('&') ? '' : '&';
}
