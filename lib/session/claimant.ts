import type { EndCause } from '../events.ts';

/**
 * The claimant and cause of an end in one word. The same call sent again is the same claimant.
 * `digest` distinguishes calls of one cause.
 */
export function claimantOf(cause: EndCause, digest = '', revokesOfflineAccess = false): string {
  return [PREFIXES[cause], digest, revokesOfflineAccess ? 'offline' : ''].join(':');
}

export function causeOf(
  claimant: string,
): { readonly cause: EndCause; readonly revokesOfflineAccess: boolean } | undefined {
  const [prefix, , offline] = claimant.split(':');
  const cause = CAUSES.find((each) => PREFIXES[each] === prefix);
  return cause && { cause, revokesOfflineAccess: offline === 'offline' };
}

const PREFIXES: Record<EndCause, string> = {
  logout: 'at',
  'back-channel': 'jti',
  'front-channel': 'front',
  app: 'app',
  login: '',
};
const CAUSES = Object.keys(PREFIXES) as EndCause[];
