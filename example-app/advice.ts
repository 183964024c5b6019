/** Why a token was refused, as the library tells it in errors and events. */
export interface Refusal {
  readonly reason: string;
  readonly expected?: string | undefined;
  readonly found?: string | undefined;
}

/** What to set where this app is set up to refuse what the provider issues. */
export function adviceOn(
  kind: string,
  { reason, expected = '', found }: Refusal,
): string | undefined {
  if (reason === 'algorithm-not-allowed') {
    return `The ${kind} is signed by ${found ?? 'nothing'}, and should be by ${expected}. Set OIDC_ALGORITHMS to what it is.`;
  }
  if (reason !== 'wrong-audience') return undefined;
  const isMissing = found === undefined || found === '';
  return (
    `The aud of the ${kind} is ${isMissing ? 'missing' : found}, and should have ${expected}. ` +
    `${isMissing ? 'Have' : 'Set OIDC_AUDIENCE to what it is, or have'} the provider put that in: ` +
    'by OIDC_RESOURCE, by OIDC_AUTHORIZATION_PARAMETERS (such as audience=…), or where the client is registered.'
  );
}
