import type { EndReply } from '../../invalidation/end-session.ts';
import type { EndSubjectReply } from '../../invalidation/subject.ts';
import { decodeFields } from './record-fields.ts';

export function oneOf<Word extends string>(...words: readonly Word[]): (reply: unknown) => Word {
  return (reply) => {
    const word = words.find((each) => each === reply);
    if (word === undefined) throw new TypeError('Not a reply of this script');
    return word;
  };
}

export function decodeEndReply(reply: unknown): EndReply {
  const [status, age, fields] = listOf(reply) as [EndReply['status'], number?, string[]?];
  if (age === undefined || fields === undefined) return { status, record: undefined, age: 0 };
  return { status, record: decodeFields(pairsOf(fields)), age };
}

export function decodeEndSubjectReply(reply: unknown): EndSubjectReply {
  const [effect, ...members] = listOf(reply) as [number, ...string[]];
  return { members, published: effect === 2, raised: effect > 0 };
}

function listOf(reply: unknown): unknown[] {
  if (!Array.isArray(reply)) throw new TypeError('Not a reply of this script');
  return reply;
}

function pairsOf(fields: readonly string[]): Map<string, string> {
  const values = new Map<string, string>();
  for (let index = 0; index + 1 < fields.length; index += 2) {
    values.set(fields[index] ?? '', fields[index + 1] ?? '');
  }
  return values;
}
