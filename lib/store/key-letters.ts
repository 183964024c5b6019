import type { Key } from './operations.ts';

/** Every kind of key begins with a letter of its own. They are short because an entry is little else. */
export const LETTERS = {
  verdict: 'x',
  record: 's',
  'cut-off': 'u',
  members: 'l',
  'access-token': 't',
  'refresh-token': 'r',
  epoch: 'e',
  state: 'p',
} as const;

/** The key as a text. */
export function textOfKey(key: Key): string {
  return key.kind === 'epoch' ? LETTERS.epoch : LETTERS[key.kind] + key.of;
}
