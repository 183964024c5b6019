/* global document */

/**
 * Makes an element. Whatever comes from outside is set as text: nothing of it is ever HTML.
 *
 * @param {string} name a tag, with a class after a dot
 * @param {...(Node | string)} children
 */
export function element(name, ...children) {
  const [tag, className] = name.split('.');
  const made = document.createElement(tag);
  if (className !== undefined) made.className = className;
  made.append(...children);
  return made;
}

/** Pairs of a name and a value, as the rows of a description list. */
export function descriptions(pairs) {
  return pairs.map(([name, value]) => element('div', element('dt', name), element('dd', value)));
}

/** Enough of a token to tell it from another, and too little to use it. */
export function beginningOf(token) {
  return `${token.slice(0, 12)}…`;
}
