/* global sessionStorage */

const NAME = 'ended-session';

/** Keeps an ended session in this tab, to show that its access token is worth nothing any more. */
export function keepEnded(session, endedBy, redirect) {
  const tokens = { ...session.tokens, refresh_token: null };
  const kept = { session: { ...session, tokens }, endedBy, redirect };
  sessionStorage.setItem(NAME, JSON.stringify(kept));
}

export function findEnded() {
  return JSON.parse(sessionStorage.getItem(NAME)) ?? { session: null };
}

export function forgetEnded() {
  sessionStorage.removeItem(NAME);
}
