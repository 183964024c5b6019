import { isWithoutSid, type Login } from './login.ts';

/** Up to these login times, the logins of a subject are over. */
export interface CutOff {
  readonly all: number;
  /** For logins without a `sid`, where this time is later. */
  readonly withoutSid: number;
}

export const NO_CUT_OFF: CutOff = { all: -1, withoutSid: -1 };

export function isCutOff(
  cutOff: CutOff | undefined,
  login: Pick<Login, 'session' | 'time'>,
): boolean {
  if (cutOff === undefined) return false;
  if (login.time <= cutOff.all) return true;
  return isWithoutSid(login.session) && login.time <= cutOff.withoutSid;
}
