import type { HowToEnd } from './how-to-end.ts';
import type { SessionRecord } from './session-record.ts';

/** Seconds, by the clock of the store. */
export interface Claiming {
  readonly now: number;
  readonly lease: number;
}

interface Call {
  readonly how: HowToEnd;
  readonly claimant: string;
}

/**
 * Decides which call finishes an end. A signed end takes over an end held by the front channel, and
 * an end left undone beyond its claimant's lease.
 */
export function claim(
  record: SessionRecord,
  { how, claimant }: Call,
  { now, lease }: Claiming,
): SessionRecord {
  const { end } = record;
  if (end === undefined || how.by === 'front') return record;
  const takesHeld = end.left.includes('h') && reaches(how, record);
  const left = takesHeld ? end.left.replace('h', 'r') : end.left;
  const isOverdue = /[tr]/.test(left) && now - end.claimedAt >= lease;
  if (!takesHeld && !isOverdue) return record;
  return { ...record, end: { ...end, left, claimant, claimedAt: now } };
}

function reaches(how: Exclude<HowToEnd, { by: 'front' }>, record: SessionRecord): boolean {
  return how.by === 'login'
    ? how.subject === record.subject
    : record.last <= how.time + how.tolerance;
}
