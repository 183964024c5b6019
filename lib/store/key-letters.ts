import type { Key } from './operations.ts';

/** The letters are short: an entry is little else. */
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

export function textOfKey(key: Key): string {
  return key.kind === 'epoch' ? LETTERS.epoch : LETTERS[key.kind] + key.of;
}
