import type { EndMessage } from '../../invalidation/end-message.ts';

/** JSON of the message. */
export function encodeEndMessage({ event, claimant, owner }: EndMessage): string {
  return JSON.stringify({ event, claimant, owner });
}

/** `undefined` for what is no message of this package. */
export function decodeEndMessage(text: string): EndMessage | undefined {
  try {
    const { event, claimant, owner } = Object(JSON.parse(text)) as Record<string, unknown>;
    const texts = [event, claimant, owner].every((member) => typeof member === 'string');
    return texts ? ({ event, claimant, owner } as EndMessage) : undefined;
  } catch {
    return undefined;
  }
}
