/* global document, location, sessionStorage, setInterval, URL, URLSearchParams */
import { apiAnswer, logoutAnswer } from './answers.js';
import { get, post } from './requests.js';
import { hasEnded, showRemaining, showSession, tokenState } from './session.js';
import { showStep } from './steps.js';

const STATE = 'end-session-state';
const MOST_ANSWERS = 3;

const find = (id) => document.getElementById(id);
const isBack = location.pathname === '/logged-out';

let session = null;
let leaving = false;

await attempt(start)();

async function start() {
  session = (await get('/session')).body;
  if (isBack) showReturn();
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
}

/** Asks the guard what the access token is worth, without showing its answer. */
async function look() {
  const state = learn(await askApi());
  if (!hasEnded(state)) showStep('call');
  else showStep(isBack ? 'refused' : 'provider');
}

async function callApi() {
  const answer = await askApi();
  const state = learn(answer);
  find('answers').prepend(apiAnswer(answer));
  [...find('answers').children].slice(MOST_ANSWERS).forEach((old) => old.remove());
  if (state === 'live') showStep('log-out');
  else if (isBack && hasEnded(state)) showStep(undefined);
}

async function logOut() {
  const { access_token, refresh_token } = session.tokens;
  const answer = await post('/_security/oidc/logout', {
    access_token,
    ...(refresh_token !== null && { refresh_token }),
  });
  find('redirect').replaceChildren(logoutAnswer(answer));
  const redirect = answer.body?.redirect;
  leaving = typeof redirect === 'string';
  learn(await askApi());
  if (leaving) offerProvider(redirect);
}

function offerProvider(redirect) {
  find('continue').hidden = false;
  showStep('provider');
  find('continue').querySelector('button').onclick = () => {
    sessionStorage.setItem(STATE, new URL(redirect).searchParams.get('state') ?? '');
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
  find('logout').hidden = isBack && ended;
  return state;
}

function showReturn() {
  const sent = sessionStorage.getItem(STATE);
  sessionStorage.removeItem(STATE);
  const verified = sent !== null && sent === new URLSearchParams(location.search).get('state');
  const [title, text] = find('notice').children;
  title.textContent = verified ? 'The provider’s session has ended' : 'The way back';
  text.textContent = verified
    ? 'It sent the browser back with the state that was sent along. The next login asks who you are.'
    : 'Here the provider sends the browser after a logout. This time no logout led here.';
  find('notice').hidden = false;
}

/** What cannot be done is told on the page. */
function attempt(action) {
  return async () => {
    const problem = find('problem');
    problem.hidden = true;
    try {
      await action();
    } catch {
      problem.textContent = 'The app does not answer.';
      problem.hidden = false;
    }
  };
}
