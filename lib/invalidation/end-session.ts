import { claim, type Claiming } from './claim.ts';
import type { Owner } from './end-message.ts';
import { effectOf, type EndStatus, type HowToEnd } from './how-to-end.ts';
import { eventOf, type SessionRecord, type SessionState } from './session-record.ts';
import type { Publication, Step } from './step.ts';
import { raise } from './verdict.ts';

export interface SessionToEnd {
  readonly session: string;
  readonly how: HowToEnd;
  /** The call that tells and revokes. The same call sent again is the same claimant. */
  readonly claimant: string;
  /** The `state` of a logout, kept for its repetition; empty for every other end. */
  readonly state: string;
  /** Of a session that nobody saved, to publish its end; empty where the end is one of many of a subject. */
  readonly owner: Owner;
}

export interface EndReply {
  readonly status: EndStatus;
  /** What the claimant has to finish, or its answer to repeat; `undefined` where that is not this call's. */
  readonly record: SessionRecord | undefined;
  /** Seconds since the session ended; 0 where there is no record. */
  readonly age: number;
}

/**
 * Ends a session, and answers what is left to be done to the call that has to do it. The same call again ends
 * nothing more, and resumes what is left.
 */
export function endSession(
  state: SessionState,
  end: SessionToEnd,
  claiming: Claiming,
): Step<SessionState, EndReply> {
  const { status, raises } = effectOf(state, end.how);
  const verdict = raises.reduce(
    (strict, { before, named }) => raise(strict, before, named),
    state.verdict,
  );
  const isEnded = status === 'ended' && state.record !== undefined;
  const ended = isEnded ? close(state.record, end, claiming.now) : state.record;
  const record = ended && claim(ended, end, claiming);
  const published: Publication[] = [];
  if (verdict !== state.verdict) published.push({ changed: end.session });
  if (isEnded) published.push(endOf(state.record, end));
  if (status === 'unknown' && end.owner !== '') published.push(endOfUnsaved(end));
  return {
    state: { verdict, record },
    reply: replyTo(end, status, { record, claiming }),
    published,
  };
}

function close(live: SessionRecord, end: SessionToEnd, now: number): SessionRecord {
  const { how, claimant, state } = end;
  const left = how.by === 'front' ? 'th' : 'tr';
  const event = eventOf(live);
  return { ...live, end: { event, claimant, claimedAt: now, endedAt: now, state, left } };
}

function replyTo(
  { claimant }: SessionToEnd,
  status: EndStatus,
  { record, claiming }: { record: SessionRecord | undefined; claiming: Claiming },
): EndReply {
  if (record?.end?.claimant !== claimant) return { status, record: undefined, age: 0 };
  return { status, record, age: claiming.now - record.end.endedAt };
}

function endOf(live: SessionRecord, { claimant }: SessionToEnd): Publication {
  return { ended: { event: eventOf(live), claimant, owner: live.owner } };
}

function endOfUnsaved(end: SessionToEnd): Publication {
  const { claimant, owner } = end;
  return { ended: { event: eventOfUnsaved(end), claimant, owner } };
}

/** The name of the end of a session that nobody saved. */
export function eventOfUnsaved({
  session,
  claimant,
}: Pick<SessionToEnd, 'session' | 'claimant'>): string {
  return `unsaved ${session} ${claimant}`;
}
