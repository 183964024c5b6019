import type { EndMessage } from './end-message.ts';

/** Earlier reads are out of date, or a session ended. */
export type Publication = { readonly changed: string } | { readonly ended: EndMessage };

/**
 * A part of the state that stays the same object needs no write. Operations are pure and
 * idempotent.
 */
export interface Step<State, Reply> {
  readonly state: State;
  readonly reply: Reply;
  readonly published: readonly Publication[];
}
