import type { EndCause } from '../events.ts';

/**
 * Who has to finish an end, in one word that also tells the cause. The same call sent again is the same claimant.
 * `digest` tells calls of one cause apart.
 */
export function claimantOf(cause: EndCause, digest = '', revokesOfflineAccess = false): string {
  return [PREFIXES[cause], digest, revokesOfflineAccess ? 'offline' : ''].join(':');
}

/** What a claimant tells of its end; `undefined` where it is none of this package. */
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
