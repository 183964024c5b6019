import type { SessionRecord } from './session-record.ts';
import type { Step } from './step.ts';

export interface DoneOfEnd {
  readonly event: string;
  /** Letters. */
  readonly done: string;
  /** Whether a settled logout stays, so that a retry gets the same answer. */
  readonly keepsLogouts: boolean;
}

export function settleEnd(
  record: SessionRecord | undefined,
  { event, done, keepsLogouts }: DoneOfEnd,
): Step<SessionRecord | undefined, undefined> {
  const end = record?.end;
  if (record === undefined || end?.event !== event) return unanswered(record);
  const left = Array.from(end.left)
    .filter((letter) => !done.includes(letter))
    .join('');
  if (left === end.left) return unanswered(record);
  const isKept = left !== '' || (end.answer !== '' && keepsLogouts);
  if (!isKept) return unanswered(undefined);
  const tokens = /[rh]/.test(left) ? record.tokens : withoutRefreshTokens(record);
  return unanswered({ ...record, tokens, end: { ...end, left } });
}

function unanswered<State>(state: State): Step<State, undefined> {
  return { state, reply: undefined, published: [] };
}

function withoutRefreshTokens({ tokens }: SessionRecord): SessionRecord['tokens'] {
  const kept = Object.entries(tokens).map(([client, own]) => [
    client,
    { ...own, refreshToken: '' },
  ]);
  return Object.fromEntries(kept) as SessionRecord['tokens'];
}
