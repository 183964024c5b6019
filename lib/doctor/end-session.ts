import { once } from 'node:events';
import { get as getPlain, type IncomingMessage } from 'node:http';
import { get as getSecure } from 'node:https';
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
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return judge(await navigate(url, signal), url, registered);
  } catch (error) {
    const reason = explain(signal.aborted ? signal.reason : error);
    return unknown(FEATURE, `The End Session endpoint ${reason}.`);
  }
}

// fetch() says by Sec-Fetch-Mode that a script asks, to whom some providers answer an error.
async function navigate(url: string, signal: AbortSignal): Promise<IncomingMessage> {
  const get = url.startsWith('https:') ? getSecure : getPlain;
  const headers = {
    accept: 'text/html',
    'sec-fetch-dest': 'document',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-site': 'cross-site',
  };
  const [response] = (await once(get(url, { headers, signal }), 'response')) as [IncomingMessage];
  response.destroy();
  return response;
}

function judge(
  { statusCode: status = 0, headers }: IncomingMessage,
  url: string,
  registered: Registered,
): Finding {
  const { clientId, postLogoutRedirectUri, isHintNeedless } = registered;
  if (status >= 500) return unknown(FEATURE, `The End Session endpoint answers ${status}.`);
  if (status < 400 && !leadsToError(headers.location ?? '', url)) {
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
function leadsToError(location: string, url: string): boolean {
  return URL.canParse(location, url) && new URL(location, url).searchParams.has('error');
}
