import { type CutOff, isCutOff, NO_CUT_OFF } from './cut-off.ts';
import type { Owner } from './end-message.ts';
import { isWithoutSid, type Login } from './login.ts';
import type { Publication, Step } from './step.ts';

/** The sessions of a subject, and when each leaves: seconds, by the clock of the store. */
export type Members = ReadonlyMap<string, number>;

/** What is stored of one subject, and changed in one step. */
export interface SubjectState {
  readonly cutOff: CutOff | undefined;
  readonly members: Members;
}

export interface SubjectToEnd {
  readonly subject: string;
  readonly time: number;
  /** Ends only logins without a `sid`, and nothing where this session is a member. */
  readonly unless?: string | undefined;
  /** The call that tells of the end of a subject without sessions. */
  readonly claimant: string;
  readonly owner: Owner;
}

export interface EndSubjectReply {
  /** The sessions that are to be ended one by one. */
  readonly members: string[];
  /** Whether the end of the subject was published, because it had no sessions. */
  readonly published: boolean;
  /** Whether the cut-off was raised; else as much had ended before. */
  readonly raised: boolean;
}

/** Makes the session of a login one of its subject's. `over`: the login ended before. */
export function addMember(
  state: SubjectState,
  login: Login,
  { now, lifetime }: { readonly now: number; readonly lifetime: number },
): Step<SubjectState, 'ok' | 'over'> {
  if (isCutOff(state.cutOff, login)) return { state, reply: 'over', published: [] };
  const members = new Map([...state.members].filter(([, leavesAt]) => leavesAt > now));
  members.set(login.session, now + lifetime);
  return { state: { ...state, members }, reply: 'ok', published: [] };
}

/** Ends what the subject's logins issued by a time are, saved or not, and answers which sessions it has. */
export function endSubject(
  state: SubjectState,
  end: SubjectToEnd,
  { now }: { readonly now: number },
): Step<SubjectState, EndSubjectReply> {
  const present = [...state.members].filter(([, leavesAt]) => leavesAt > now);
  const members = present.map(([session]) => session);
  return end.unless === undefined
    ? endAll(state, end, members)
    : endWithoutSid(state, end, members);
}

function endAll(
  state: SubjectState,
  end: SubjectToEnd,
  members: string[],
): Step<SubjectState, EndSubjectReply> {
  const { subject, time, claimant, owner } = end;
  const cutOff = state.cutOff ?? NO_CUT_OFF;
  if (time <= cutOff.all) {
    return { state, reply: { members, published: false, raised: false }, published: [] };
  }
  const isUnsaved = members.length === 0;
  const published: Publication[] = [{ changed: subject }];
  const event = eventOfSubject(end);
  if (isUnsaved) published.push({ ended: { event, claimant, owner } });
  const raised = { ...state, cutOff: { ...cutOff, all: time } };
  return { state: raised, reply: { members, published: isUnsaved, raised: true }, published };
}

function endWithoutSid(
  state: SubjectState,
  { subject, time, unless }: SubjectToEnd,
  members: string[],
): Step<SubjectState, EndSubjectReply> {
  const nobody = { members: [], published: false, raised: false };
  if (members.some((session) => session === unless)) return { state, reply: nobody, published: [] };
  const reply = { ...nobody, members: members.filter(isWithoutSid) };
  const cutOff = state.cutOff ?? NO_CUT_OFF;
  if (time <= cutOff.withoutSid) return { state, reply, published: [] };
  const raised = { ...state, cutOff: { ...cutOff, withoutSid: time } };
  return { state: raised, reply: { ...reply, raised: true }, published: [{ changed: subject }] };
}

/** The name of the end of a subject without sessions. */
export function eventOfSubject({ subject, time }: Pick<SubjectToEnd, 'subject' | 'time'>): string {
  return `subject ${subject} ${time}`;
}
