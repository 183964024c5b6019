import type { Login } from './login.ts';
import type { LoginToSave } from './save-login.ts';
import { liveRecord, type SessionRecord, type SessionState } from './session-record.ts';
import type { Step } from './step.ts';
import { isOver } from './verdict.ts';

export type LoginToRenew = Omit<LoginToSave, 'owner'>;

/** `over`: the login ended. `unknown`: no live session has the login, or not yet. */
export type RenewReply = 'ok' | 'over' | 'unknown';

/**
 * Keeps the new tokens if the login is one of the newest. An empty token leaves the old one in
 * place.
 */
export function renewLogin(
  state: SessionState,
  { login, clientId, tokens }: LoginToRenew,
): Step<SessionState, RenewReply> {
  if (isOver(state.verdict, login)) return { state, reply: 'over', published: [] };
  const live = liveRecord(state);
  const unknown = { state, reply: 'unknown', published: [] } as const;
  if (live?.subject !== login.subject || login.time > live.last) return unknown;
  // The save of this login is under way.
  if (login.time === live.last && !live.ids.includes(login.id)) return unknown;
  return {
    state: { ...state, record: renewed(live, login, { clientId, tokens }) },
    reply: 'ok',
    published: [],
  };
}

// Always a new object, so that the lifetime of the record starts again.
function renewed(
  live: SessionRecord,
  { time }: Login,
  { clientId, tokens }: Pick<LoginToSave, 'clientId' | 'tokens'>,
): SessionRecord {
  const kept = live.tokens[clientId];
  if (kept?.time !== time) return { ...live };
  const own = {
    idToken: tokens.idToken || kept.idToken,
    refreshToken: tokens.refreshToken || kept.refreshToken,
    time,
  };
  return { ...live, tokens: { ...live.tokens, [clientId]: own } };
}
