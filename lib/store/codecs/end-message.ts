import type { EndMessage } from '../../invalidation/end-message.ts';
import { readMembers } from '../../input/json-object.ts';

/** JSON of the message. */
export function encodeEndMessage({ event, claimant, owner }: EndMessage): string {
  return JSON.stringify({ event, claimant, owner });
}

/** `undefined` for what is no message of this package. */
export function decodeEndMessage(text: string): EndMessage | undefined {
  const { event, claimant, owner } = readMembers(text);
  const areTexts = [event, claimant, owner].every((member) => typeof member === 'string');
  return areTexts ? ({ event, claimant, owner } as EndMessage) : undefined;
}
