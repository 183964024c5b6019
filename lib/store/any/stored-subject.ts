import type { SubjectState } from '../../invalidation/subject.ts';
import { decodeCutOff, encodeCutOff } from '../codecs/cut-off.ts';
import { decodeMembers, encodeMembers } from '../codecs/members.ts';
import { LETTERS } from '../key-letters.ts';
import type { Lifetimes } from '../lifetimes.ts';
import type { StoreWrite } from '../store.ts';
import type { Stored } from './stored-step.ts';

export function storedSubject(subject: string, lifetimes: Lifetimes): Stored<SubjectState> {
  const cutOffKey = LETTERS['cut-off'] + subject;
  const membersKey = LETTERS.members + subject;
  return {
    keys: [cutOffKey, membersKey],
    decode: ([cutOff, members]) => ({
      cutOff: decodeCutOff(cutOff),
      members: decodeMembers(members),
    }),
    writes(before, after) {
      const writes: StoreWrite[] = [];
      if (after.members !== before.members) {
        const value = encodeMembers(after.members);
        writes.push({ key: membersKey, value, ttl: lifetimes.session });
      }
      if (after.cutOff !== undefined && after.cutOff !== before.cutOff) {
        const value = encodeCutOff(after.cutOff);
        writes.push({ key: cutOffKey, value, ttl: lifetimes.verdict });
      }
      return writes;
    },
  };
}
