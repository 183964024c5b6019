/* global document, location, setInterval */
import { apiAnswer, logoutAnswer } from './answers.js';
import { findEnded, forgetEnded, keepEnded } from './ended-session.js';
import { showEnd, showReturn } from './notices.js';
import { get, post } from './requests.js';
import { hasEnded, showRemaining, showSession, tokenState } from './session.js';
import { hideSteps, showStep } from './steps.js';
import { watch } from './watch.js';

const MOST_ANSWERS = 3;
const HERE = 'here';

const find = (id) => document.getElementById(id);
const { postLogout } = document.documentElement.dataset;

let session = null;
let endedBy;
let leaving = false;

await attempt(start)();

async function start() {
  const { body } = await get('/session');
  if (body !== null) forgetEnded();
  ({ session, endedBy } = body === null ? findEnded() : { session: body });
  if (postLogout !== undefined) showReturn(postLogout);
  else if (endedBy !== undefined && endedBy !== HERE) tellEnd(endedBy);
  if (session === null) {
    find('login').hidden = false;
    showStep('log-in');
    return;
  }
  find('call').addEventListener('click', attempt(callApi));
  find('log-out').addEventListener('click', attempt(logOut));
  for (const id of ['session', 'api']) find(id).hidden = false;
  await look();
  setInterval(() => {
    showRemaining(session);
  }, 1000);
  if (endedBy === undefined) watch((cause) => void attempt(end)(cause));
}

/** Asks the guard what the access token is worth, without showing its answer. */
async function look() {
  const state = learn(await askApi());
  if (!hasEnded(state)) showStep('call');
  else showStep(postLogout === undefined ? 'provider' : 'refused');
}

async function callApi() {
  const answer = await askApi();
  const state = learn(answer);
  find('answers').prepend(apiAnswer(answer));
  [...find('answers').children].slice(MOST_ANSWERS).forEach((old) => old.remove());
  if (state === 'live') showStep('log-out');
  else if (postLogout !== undefined && hasEnded(state)) showStep(undefined);
}

async function logOut() {
  // What the stream tells meanwhile is no news.
  endedBy = HERE;
  const { access_token, refresh_token } = session.tokens;
  const answer = await post('/_security/oidc/logout', {
    access_token,
    ...(refresh_token !== null && { refresh_token }),
  });
  if (answer.status === 200) keepEnded(session, HERE);
  else endedBy = undefined;
  find('redirect').replaceChildren(logoutAnswer(answer));
  const redirect = answer.body?.redirect;
  leaving = typeof redirect === 'string';
  learn(await askApi());
  if (leaving) offerProvider(redirect);
}

/** Somebody else ended the session: the API shows what that means. */
async function end(cause) {
  if (endedBy === HERE) return;
  endedBy = cause;
  keepEnded(session, cause);
  tellEnd(cause);
  await callApi();
}

function tellEnd(cause) {
  hideSteps();
  showEnd(cause);
}

function offerProvider(redirect) {
  find('continue').hidden = false;
  showStep('provider');
  find('continue').querySelector('button').onclick = () => {
    location.assign(redirect);
  };
}

function askApi() {
  return get('/api/me', { Authorization: `Bearer ${session.tokens.access_token}` });
}

function learn(answer) {
  const state = tokenState(answer);
  const ended = hasEnded(state);
  showSession(session, state);
  find('again').hidden = !ended || leaving;
  const byOthers = endedBy !== undefined && endedBy !== HERE;
  find('logout').hidden = byOthers || (ended && postLogout !== undefined);
  find('elsewhere').hidden = endedBy !== undefined;
  return state;
}

/** What cannot be done is told on the page. */
function attempt(action) {
  return async (...values) => {
    const problem = find('problem');
    problem.hidden = true;
    try {
      await action(...values);
    } catch {
      problem.textContent = 'The app does not answer.';
      problem.hidden = false;
    }
  };
}
