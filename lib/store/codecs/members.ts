import type { Members } from '../../invalidation/subject.ts';
import { corrupt } from './corrupt.ts';

const TEXT = /^(?:\S+ \d{1,15}(?: |$))*$/;

/** The text `session leavesAt session leavesAt …`. */
export function encodeMembers(members: Members): string {
  return [...members].flat().join(' ');
}

export function decodeMembers(text: string | undefined): Members {
  if (text === undefined || text === '') return new Map();
  if (!TEXT.test(text)) throw corrupt();
  const words = text.split(' ');
  const members = new Map<string, number>();
  for (let index = 0; index + 1 < words.length; index += 2) {
    members.set(words[index] ?? '', Number(words[index + 1]));
  }
  return members;
}
