/* global document */

/** Marks where in the story one is; the steps before are done, without a name all of them. */
export function showStep(name) {
  let done = true;
  for (const step of document.querySelectorAll('[data-step]')) {
    const current = step.dataset.step === name;
    if (current) done = false;
    step.classList.toggle('done', done);
    if (current) step.setAttribute('aria-current', 'step');
    else step.removeAttribute('aria-current');
  }
}

/** For a session that went another way. */
export function hideSteps() {
  document.querySelector('.steps').hidden = true;
}
