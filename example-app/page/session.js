/* global document */
import { beginningOf, descriptions, element } from './element.js';

const BADGES = { live: 'good', invalidated: 'bad', expired: 'bad', refused: 'bad', unknown: 'dim' };

const ENDS = {
  'The access token was invalidated by a logout': 'invalidated',
  'The access token expired': 'expired',
};

export function hasEnded(state) {
  return Object.values(ENDS).includes(state);
}

/** What the guard's answer says about the access token. */
export function tokenState({ status, body }) {
  if (status === 200) return 'live';
  if (status !== 401) return 'unknown';
  return ENDS[body?.error_description] ?? 'refused';
}

export function showSession({ user, tokens, expiresAt }, state) {
  const badge = document.getElementById('session-state');
  badge.textContent = hasEnded(state) ? 'ended' : state;
  badge.className = `badge ${BADGES[state]}`;
  document.getElementById('user').replaceChildren(...descriptions(userPairs(user)));
  const rows = [row('Access token', tokens.access_token, state)];
  rows[0].lastChild.id = 'remaining';
  if (tokens.refresh_token !== null) {
    // Nobody asked about this one: only a logout is known to end both.
    const refreshState = state === 'invalidated' || state === 'live' ? state : 'unknown';
    rows.push(row('Refresh token', tokens.refresh_token, refreshState));
  }
  document.getElementById('tokens').replaceChildren(...rows);
  showRemaining({ expiresAt });
}

export function showRemaining({ expiresAt }) {
  document.getElementById('remaining').textContent = remaining(expiresAt);
}

function userPairs({ name, sub, sid, issuer, loginTime }) {
  return [
    ['Name', name],
    ['Subject (sub)', element('code', sub)],
    ['Session (sid)', sid === null ? 'not told by the provider' : element('code', sid)],
    ['Provider (iss)', element('code', issuer)],
    ['Logged in', new Date(loginTime * 1000).toLocaleString()],
  ];
}

function row(name, token, state) {
  const header = element('th', name);
  header.scope = 'row';
  return element(
    'tr',
    header,
    element('td', element('code', beginningOf(token))),
    element('td', element(`span.badge ${BADGES[state]}`, state)),
    element('td', 'not told'),
  );
}

function remaining(expiresAt) {
  if (expiresAt === null) return 'not told';
  const seconds = Math.max(0, expiresAt - Math.floor(Date.now() / 1000));
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}
