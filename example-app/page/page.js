/* global document, location, setInterval */
import { apiAnswer, logoutRefusal, redirectParts } from './answers.js';
import { findEnded, forgetEnded, keepEnded } from './ended-session.js';
import { showEnd, showReturn } from './notices.js';
import { get, post } from './requests.js';
import { hasEnded, showRemaining, showSession, tokenState } from './session.js';
import { hideSteps, markDone, tellStory } from './steps.js';
import { watch } from './watch.js';

const MOST_ANSWERS = 3;
const HERE = 'here';

const find = (id) => document.getElementById(id);
const { postLogout } = document.documentElement.dataset;
const isBack = postLogout !== undefined;

let session = null;
let endedBy;
/** Where the logout leads: null where the provider has no End Session endpoint. */
let redirect;

await attempt(start)();

async function start() {
  const { body } = await get('/session');
  if (body !== null) forgetEnded();
  ({ session, endedBy, redirect } = body === null ? findEnded() : { session: body });
  tellStory(session);
  if (isBack) tellReturn();
  else if (endedBy !== undefined && endedBy !== HERE) tellEnd(endedBy);
  if (session === null) {
    find('login').hidden = false;
    return;
  }
  find('call').addEventListener('click', attempt(callApi));
  find('log-out').addEventListener('click', attempt(logOut));
  find('continue').firstChild.addEventListener('click', () => location.assign(redirect));
  for (const id of ['session', 'api']) find(id).hidden = false;
  if (learn(await askApi()) === 'refused') await showAdvice();
  if (endedBy === HERE) showProvider();
  setInterval(() => {
    showRemaining(session);
  }, 1000);
  if (endedBy === undefined) watch((cause) => void attempt(end)(cause));
}

async function callApi() {
  const answer = await askApi();
  const state = learn(answer);
  find('answers').prepend(apiAnswer(answer));
  [...find('answers').children].slice(MOST_ANSWERS).forEach((old) => old.remove());
  if (state === 'live') markDone('call');
  else if (hasEnded(state)) markDone('refused');
}

async function logOut() {
  // What the stream tells meanwhile is no news.
  endedBy = HERE;
  const { access_token, refresh_token } = session.tokens;
  const answer = await post('/_security/oidc/logout', {
    access_token,
    ...(refresh_token !== null && { refresh_token }),
  });
  if (answer.status !== 200) {
    endedBy = undefined;
    find('refusal').replaceChildren(logoutRefusal(answer));
    return;
  }
  ({ redirect } = answer.body);
  keepEnded(session, HERE, redirect);
  markDone('log-out');
  find('refusal').replaceChildren();
  learn(await askApi());
  showProvider();
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

function tellReturn() {
  showReturn(postLogout);
  if (session !== null && ['verified', 'unbound'].includes(postLogout)) markDone('provider');
}

/** What to set where the API refuses the provider's tokens as such. */
async function showAdvice() {
  const { body } = await get('/session/advice');
  find('advice').textContent = body;
  find('advice').hidden = body === null;
}

function showProvider() {
  find('provider').hidden = false;
  find('redirect').replaceChildren(redirectParts(redirect));
  find('continue').hidden = isBack || redirect === null;
  if (redirect === null) markDone('provider');
  find('continue').scrollIntoView({ block: 'nearest' });
}

function askApi() {
  return get('/api/me', { Authorization: `Bearer ${session.tokens.access_token}` });
}

function learn(answer) {
  const state = tokenState(answer);
  const ended = hasEnded(state);
  showSession(session, state);
  const isLeaving = endedBy === HERE && !isBack && redirect !== null;
  find('again').hidden = !ended || isLeaving;
  find('log-out').disabled = state === 'invalidated';
  const byOthers = endedBy !== undefined && endedBy !== HERE;
  find('logout').hidden = byOthers || (ended && isBack);
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
