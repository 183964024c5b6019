import type { SessionSeal } from '../session/session-seal.ts';
import type { ForeseenEnd } from './logout-ends.ts';
import { readLogoutNote } from './logout-note.ts';
import type { PresentedTokens } from './presented-tokens.ts';

/** What a retry answers again. */
export interface KeptAnswer {
  /** Empty where the provider sends no `state` back. */
  readonly state: string;
  /** `undefined` for the default. */
  readonly postLogoutRedirectUri: string | undefined;
}

export interface KeptAnswersParts {
  readonly seal: SessionSeal;
  /** Seconds. */
  readonly retryWindow: number;
}

/** Answers to logouts, kept sealed with the end for retries within `retryWindow`. */
export class KeptAnswers {
  readonly #parts: KeptAnswersParts;

  constructor(parts: KeptAnswersParts) {
    this.#parts = parts;
  }

  seal(call: string, { state, postLogoutRedirectUri }: KeptAnswer): string {
    // Neither part contains a space.
    const parts = postLogoutRedirectUri === undefined ? [state] : [state, postLogoutRedirectUri];
    return this.#parts.seal.sealAnswer(call, parts.join(' '));
  }

  /** The earlier answer to the same unsaved token. */
  ofUnsaved({ entry }: PresentedTokens, call: string): KeptAnswer | undefined {
    const note = readLogoutNote(entry);
    const isRecent = note !== undefined && note.at >= Date.now() / 1000 - this.#parts.retryWindow;
    return isRecent ? this.#open(call, note.answer) : undefined;
  }

  /** The earlier answer of the logout whose repetition this end is. */
  ofEnd(end: ForeseenEnd, call: string): KeptAnswer | undefined {
    const sealed = this.isFirstOrRetry(end) ? end.record?.end?.answer : undefined;
    return sealed === undefined ? undefined : this.#open(call, sealed);
  }

  // A session ended by another cause has no earlier answer, even if this logout finished the end.
  isFirstOrRetry({ isRepeated, age, record }: ForeseenEnd): boolean {
    if (!isRepeated) return true;
    const { retryWindow } = this.#parts;
    const { claimedAt, endedAt, answer = '' } = record?.end ?? {};
    const isEndOfLogout = answer !== '' && claimedAt === endedAt;
    return isEndOfLogout && retryWindow > 0 && age <= retryWindow;
  }

  #open(call: string, sealed: string): KeptAnswer | undefined {
    const text = this.#parts.seal.openAnswer(call, sealed);
    if (text === undefined) return undefined;
    const [state = '', postLogoutRedirectUri] = text.split(' ');
    return { state, postLogoutRedirectUri };
  }
}
