import type { EndMessage } from '../../invalidation/end-message.ts';
import type { Publication } from '../../invalidation/step.ts';
import { decodeEndMessage, encodeEndMessage } from '../codecs/end-message.ts';

export interface MessageHearer {
  changed?(digest: string): void;
  ended?(message: EndMessage): void;
}

/** The text `changed digest` or `ended json`. */
export function encodeMessage(publication: Publication): string {
  return 'changed' in publication
    ? `changed ${publication.changed}`
    : `ended ${encodeEndMessage(publication.ended)}`;
}

/** Ignores messages of another origin. */
export function hearMessage(text: string, hearer: MessageHearer): void {
  const [, kind, content] = /^(changed|ended) (.+)$/s.exec(text) ?? [];
  if (content === undefined) return;
  if (kind === 'changed') {
    hearer.changed?.(content);
    return;
  }
  const message = decodeEndMessage(content);
  if (message !== undefined) hearer.ended?.(message);
}
