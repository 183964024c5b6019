import type { Login } from './login.ts';
import type { LoginToSave } from './save-login.ts';
import { liveRecord, type SessionRecord, type SessionState } from './session-record.ts';
import type { Step } from './step.ts';
import { isOver } from './verdict.ts';

/** `over`: the login ended. `unknown`: it is not, or not yet, a login of a session that lives. */
export type RenewReply = 'ok' | 'over' | 'unknown';

/**
 * Prolongs the session of a login whose tokens were refreshed, and keeps the new tokens where they follow those
 * that are kept. A token that is an empty text stays as it was.
 */
export function renewLogin(
  state: SessionState,
  { login, clientId, tokens }: Omit<LoginToSave, 'owner'>,
): Step<SessionState, RenewReply> {
  if (isOver(state.verdict, login)) return { state, reply: 'over', published: [] };
  const live = liveRecord(state);
  const unknown = { state, reply: 'unknown', published: [] } as const;
  if (live?.subject !== login.subject || login.time > live.last) return unknown;
  // Its save is under way.
  if (login.time === live.last && !live.ids.includes(login.id)) return unknown;
  return {
    state: { ...state, record: renewed(live, login, { clientId, tokens }) },
    reply: 'ok',
    published: [],
  };
}

// Always a new object: it is written, and lives from now on.
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
