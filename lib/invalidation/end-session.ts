import { claim, type Claiming } from './claim.ts';
import type { Owner } from './end-message.ts';
import { effectOf, type EndStatus, type HowToEnd } from './how-to-end.ts';
import { eventOf, type SessionRecord, type SessionState } from './session-record.ts';
import type { Publication, Step } from './step.ts';
import { raise } from './verdict.ts';

export interface SessionToEnd {
  readonly session: string;
  readonly how: HowToEnd;
  /** The same call sent again is the same claimant. */
  readonly claimant: string;
  /** The answer to a logout, for a retry; empty for every other end. */
  readonly answer: string;
  /** Of an unsaved session, to publish its end; empty for a member of a subject. */
  readonly owner: Owner;
}

export interface EndReply {
  readonly status: EndStatus;
  /** For the claimant alone: the work left, or the answer to repeat. */
  readonly record: SessionRecord | undefined;
  /** Seconds since the session ended; 0 without a record. */
  readonly age: number;
}

/** The same call again ends nothing more, and gets the work left. */
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
  const { how, claimant, answer } = end;
  const left = how.by === 'front' ? 'th' : 'tr';
  const event = eventOf(live);
  return { ...live, end: { event, claimant, claimedAt: now, endedAt: now, answer, left } };
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

export function eventOfUnsaved({
  session,
  claimant,
}: Pick<SessionToEnd, 'session' | 'claimant'>): string {
  return `unsaved ${session} ${claimant}`;
}
