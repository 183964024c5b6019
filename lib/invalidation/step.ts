import type { EndMessage } from './end-message.ts';

/** What is published with a change: that something read before is out of date, or that a session ended. */
export type Publication = { readonly changed: string } | { readonly ended: EndMessage };

/**
 * What an operation makes of its keys. A part of the state that is the same object as before needs no write.
 * The operations are pure: to run one twice on the same state is to run it once.
 */
export interface Step<State, Reply> {
  readonly state: State;
  readonly reply: Reply;
  readonly published: readonly Publication[];
}
