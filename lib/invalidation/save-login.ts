import type { Owner } from './end-message.ts';
import type { Login } from './login.ts';
import { eventOf, liveRecord } from './session-record.ts';
import type { SessionRecord, SessionState, SealedTokens } from './session-record.ts';
import type { Step } from './step.ts';
import { isOver, raise } from './verdict.ts';

export interface LoginToSave {
  readonly login: Login;
  readonly owner: Owner;
  readonly clientId: string;
  /** Sealed, where there is a key. */
  readonly tokens: SealedTokens;
}

/** `over`: the login ended before the save. `moved`: another user's session ended to make room. */
export type SaveReply = 'ok' | 'over' | 'moved';

/** The session is live from then on, even if an earlier life of the session ended. */
export function saveLogin(
  state: SessionState,
  { login, ...save }: LoginToSave,
): Step<SessionState, SaveReply> {
  const refused = { state, reply: 'over', published: [] } as const;
  if (isOver(state.verdict, login)) return refused;
  const live = liveRecord(state);
  if (live === undefined) return saved({ ...state, record: newRecord(login, save) });
  if (live.subject === login.subject) return saved({ ...state, record: joined(live, login, save) });
  return login.time <= live.last ? refused : move(state, live, { login, ...save });
}

function saved(state: SessionState): Step<SessionState, 'ok'> {
  return { state, reply: 'ok', published: [] };
}

function newRecord(login: Login, save: Omit<LoginToSave, 'login'>): SessionRecord {
  const { time, id, subject } = login;
  const tokens = { [save.clientId]: { ...save.tokens, time } };
  return { last: time, ids: [id], subject, owner: save.owner, tokens, end: undefined };
}

// Always a new object, so that the lifetime of the record starts again.
function joined(
  live: SessionRecord,
  { time, id }: Login,
  { owner, clientId, tokens }: Omit<LoginToSave, 'login'>,
): SessionRecord {
  const isLater = time > live.last;
  const isOneMore = time === live.last && !live.ids.includes(id);
  const kept = live.tokens[clientId];
  const hasNewTokens = isOneMore || kept === undefined || time > kept.time;
  const own = hasNewTokens && { [clientId]: { ...tokens, time } };
  const record = { ...live, tokens: { ...live.tokens, ...own } };
  if (isLater) return { ...record, last: time, ids: [id], owner };
  return isOneMore ? { ...record, ids: [...live.ids, id].sort() } : record;
}

// A provider that gives one user's `sid` to another user has ended the first session.
function move(
  { verdict }: SessionState,
  live: SessionRecord,
  { login, ...save }: LoginToSave,
): Step<SessionState, 'moved'> {
  const ended = { event: eventOf(live), claimant: '', owner: live.owner };
  return {
    state: {
      verdict: raise(verdict, live.last - 1, live.ids),
      record: newRecord(login, save),
    },
    reply: 'moved',
    published: [{ changed: login.session }, { ended }],
  };
}
