import { type CutOff, isCutOff, NO_CUT_OFF } from './cut-off.ts';
import type { Owner } from './end-message.ts';
import { isWithoutSid, type Login } from './login.ts';
import type { Publication, Step } from './step.ts';

/** When each session leaves: seconds, by the clock of the store. */
export type Members = ReadonlyMap<string, number>;

export interface SubjectState {
  readonly cutOff: CutOff | undefined;
  readonly members: Members;
}

export interface SubjectToEnd {
  readonly subject: string;
  readonly time: number;
  /** If this session is a member, nothing ends; otherwise only logins without a `sid` end. */
  readonly unless?: string | undefined;
  readonly claimant: string;
  readonly owner: Owner;
}

export interface EndSubjectReply {
  /** To end one by one. */
  readonly members: string[];
  /** Whether the end was published, because the subject had no sessions. */
  readonly published: boolean;
  /** Whether the cut-off was raised; otherwise the same logins had ended before. */
  readonly raised: boolean;
}

/** `over`: the login ended before. */
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

/** Ends all logins of the subject up to a time, saved or not. */
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

export function eventOfSubject({ subject, time }: Pick<SubjectToEnd, 'subject' | 'time'>): string {
  return `subject ${subject} ${time}`;
}
