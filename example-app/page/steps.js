/* global document, sessionStorage */

const NAME = 'story';

/** What was done, in the story of one login: this tab remembers it while the browser is away. */
let story = { login: null, done: [] };

/** Goes on with the story of this login, or begins it. */
export function tellStory(session) {
  // Enough of the token to tell one login from another.
  const login = session?.tokens.access_token.slice(-16) ?? null;
  const told = JSON.parse(sessionStorage.getItem(NAME));
  story = told?.login === login ? told : { login, done: [] };
  if (session !== null) markDone('log-in');
  else show();
}

export function markDone(step) {
  if (!story.done.includes(step)) story.done.push(step);
  sessionStorage.setItem(NAME, JSON.stringify(story));
  show();
}

/** For a session that went another way. */
export function hideSteps() {
  document.querySelector('.steps').hidden = true;
}

/** The first step that is not done is the current one. */
function show() {
  const steps = [...document.querySelectorAll('[data-step]')];
  const isDone = ({ dataset }) => story.done.includes(dataset.step);
  const current = steps.find((step) => !isDone(step));
  for (const step of steps) {
    step.classList.toggle('done', isDone(step));
    if (step === current) step.setAttribute('aria-current', 'step');
    else step.removeAttribute('aria-current');
  }
}
