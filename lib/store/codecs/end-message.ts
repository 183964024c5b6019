import type { EndMessage } from '../../invalidation/end-message.ts';
import { readMembers } from '../../input/json-object.ts';

export function encodeEndMessage({ event, claimant, owner }: EndMessage): string {
  return JSON.stringify({ event, claimant, owner });
}

export function decodeEndMessage(text: string): EndMessage | undefined {
  const { event, claimant, owner } = readMembers(text);
  const areTexts = [event, claimant, owner].every((member) => typeof member === 'string');
  return areTexts ? ({ event, claimant, owner } as EndMessage) : undefined;
}
