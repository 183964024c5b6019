/* global URL */
import { beginningOf, descriptions, element } from './element.js';

/** An answer of the API, as the page shows it. */
export function apiAnswer({ status, statusText, challenge, body }) {
  const heading = element('h3', badge(status), ` ${statusText}`);
  heading.append(element('time', new Date().toLocaleTimeString()));
  const answer = element('article.answer', heading);
  if (challenge !== null) {
    answer.append(listOf([['WWW-Authenticate', element('code', challenge)]]));
  }
  if (body !== null) answer.append(element('pre', JSON.stringify(body, null, 2)));
  return answer;
}

/** A logout that was refused. */
export function logoutRefusal({ status, statusText, body }) {
  const heading = element('h3', badge(status), ` ${statusText}`);
  return element('article.answer', heading, element('pre', JSON.stringify(body, null, 2)));
}

/** The End Session URL of a logout, and its parameters one by one. */
export function redirectParts(redirect) {
  if (redirect === null) {
    return element('p', 'The provider has no End Session endpoint: there is no redirect.');
  }
  const url = new URL(redirect);
  const parameters = [...url.searchParams].map(([name, value]) => [
    element('code', name),
    element('code', name === 'id_token_hint' ? beginningOf(value) : value),
  ]);
  return listOf([['redirect', element('code', url.origin + url.pathname)], ...parameters]);
}

function listOf(pairs) {
  return element('dl', ...descriptions(pairs));
}

function badge(status) {
  return element(status < 400 ? 'span.badge good' : 'span.badge bad', String(status));
}
