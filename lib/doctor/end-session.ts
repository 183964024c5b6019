import { buildEndSessionUrl } from '../provider/end-session-url.ts';
import { explain, TIMEOUT_MS } from './document.ts';
import { type Finding, fine, risky, unknown } from './finding.ts';

const FEATURE = 'Without ID Token';

export interface Registered {
  readonly clientId: string;
  readonly postLogoutRedirectUri: string;
  /** A logout without ID Token is no error of this product. */
  readonly isHintNeedless: boolean;
}

/**
 * Asks for a logout without `id_token_hint`, as a browser without a session there would. No cookie
 * is sent, so no session ends.
 */
export async function examineHint(endpoint: string, registered: Registered): Promise<Finding> {
  const url = buildEndSessionUrl(endpoint, [
    ['client_id', registered.clientId],
    ['post_logout_redirect_uri', registered.postLogoutRedirectUri],
    ['state', 'doctor'],
  ]);
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const headers = { accept: 'text/html' };
    const response = await fetch(url, { signal, headers, redirect: 'manual' });
    await response.body?.cancel();
    return judge(response, registered);
  } catch (error) {
    return unknown(FEATURE, `The End Session endpoint ${explain(error)}.`);
  }
}

function judge(response: Response, registered: Registered): Finding {
  const { clientId, postLogoutRedirectUri, isHintNeedless } = registered;
  const { status } = response;
  if (status >= 500) return unknown(FEATURE, `The End Session endpoint answers ${status}.`);
  if (status < 400 && !leadsToError(response)) {
    return fine(FEATURE, `A logout without ID Token is no error there (${status}).`);
  }
  const unregistered = `${postLogoutRedirectUri} is not registered for ${clientId}`;
  if (isHintNeedless) {
    return risky(FEATURE, `A logout is an error there (${status}): ${unregistered}.`);
  }
  return risky(
    FEATURE,
    `A logout without ID Token is an error there (${status}), and the session lives: set "idTokenHint" to 'required'. Or ${unregistered}.`,
  );
}

// Hydra has its error page at another address.
function leadsToError({ headers, url }: Response): boolean {
  const location = headers.get('location') ?? '';
  return URL.canParse(location, url) && new URL(location, url).searchParams.has('error');
}
