/* global sessionStorage */

const NAME = 'ended-session';

/** Keeps an ended session in this tab, to show that its access token is worth nothing any more. */
export function keepEnded({ user, tokens, expiresAt }, endedBy) {
  const session = { user, tokens: { ...tokens, refresh_token: null }, expiresAt };
  sessionStorage.setItem(NAME, JSON.stringify({ session, endedBy }));
}

export function findEnded() {
  return JSON.parse(sessionStorage.getItem(NAME)) ?? { session: null };
}

export function forgetEnded() {
  sessionStorage.removeItem(NAME);
}
