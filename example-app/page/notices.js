/* global document */

const REFUSED = 'Its access token is refused from now on.';

const ENDS = {
  'back-channel': [
    'This session was ended at the provider',
    `The provider told the app, and the app told this page. ${REFUSED}`,
  ],
  'front-channel': [
    'This session was ended at the provider',
    `The provider’s logout page told the app, and the app told this page. ${REFUSED}`,
  ],
  logout: [
    'This session was ended by another device or tab',
    `It was logged out with the same tokens. ${REFUSED}`,
  ],
  app: ['This session was ended by an administrator', REFUSED],
  unknown: ['This session has ended', 'The app does not know it any more.'],
};

const RETURNS = {
  verified: [
    'The provider’s session has ended',
    'Verified: this browser started the logout, and came back from it with the state that was sent along. The next login asks who you are.',
  ],
  unbound: [
    'The provider’s session has ended',
    'Unbound: the state is genuine, but nothing tells that this browser started the logout.',
  ],
  missing: [
    'The way back',
    'Missing: here the provider sends the browser after a logout. This time no state came along.',
  ],
  mismatch: [
    'The way back',
    'Mismatch: the state is not known, was used before, or is of another browser. It proves nothing.',
  ],
};

/** Who ended the session. */
export function showEnd(cause) {
  show(ENDS[cause] ?? ENDS.unknown, 'bad');
}

/** What the app found out about the way back from the provider. */
export function showReturn(outcome) {
  show(RETURNS[outcome], outcome === 'mismatch' ? 'bad' : 'good');
}

function show([title, text], look) {
  const notice = document.getElementById('notice');
  notice.className = `notice ${look}`;
  const [heading, paragraph] = notice.children;
  heading.textContent = title;
  paragraph.textContent = text;
  notice.hidden = false;
}
