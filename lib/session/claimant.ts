import type { EndCause } from '../events.ts';

const CAUSES: readonly EndCause[] = ['logout', 'back-channel', 'front-channel', 'app'];

/**
 * The claimant and cause of an end in one word. The same call sent again is the same claimant.
 * `digest` distinguishes calls of one cause.
 */
export function claimantOf(cause: EndCause, digest = '', revokesOfflineAccess = false): string {
  return [cause, digest, revokesOfflineAccess ? 'offline' : ''].join(':');
}

export function causeOf(
  claimant: string,
): { readonly cause: EndCause; readonly revokesOfflineAccess: boolean } | undefined {
  const [first, , offline] = claimant.split(':');
  // The login of another user ends a session without a claimant.
  const cause = claimant === '' ? 'login' : CAUSES.find((each) => each === first);
  return cause && { cause, revokesOfflineAccess: offline === 'offline' };
}
