import type { SessionToEnd } from '../../invalidation/end-session.ts';
import type { Login } from '../../invalidation/login.ts';
import type { LoginToRenew } from '../../invalidation/renew-login.ts';
import type { LoginToSave } from '../../invalidation/save-login.ts';
import type { SubjectToEnd } from '../../invalidation/subject.ts';
import { encodeInvalidated, encodeLinked } from '../codecs/token-entry.ts';
import type { Lifetimes } from '../lifetimes.ts';
import type { Invalidation, TokenKey } from '../operations.ts';
import type { RedisKeys } from './keys.ts';
import { redisScript, type ScriptCall } from './script.ts';
import { BEGIN_EPOCH } from './scripts/begin-epoch.ts';
import { END_SESSION } from './scripts/end-session.ts';
import { RENEW_LOGIN } from './scripts/renew-login.ts';
import { SAVE_LOGIN } from './scripts/save-login.ts';
import { SETTLE_END } from './scripts/settle-end.ts';
import { ADD_MEMBER, END_SUBJECT } from './scripts/subject.ts';
import { INVALIDATE_TOKEN, LINK_TOKEN } from './scripts/token.ts';

const SCRIPTS = {
  saveLogin: redisScript('saveLogin', SAVE_LOGIN),
  renewLogin: redisScript('renewLogin', RENEW_LOGIN),
  endSession: redisScript('endSession', END_SESSION),
  settleEnd: redisScript('settleEnd', SETTLE_END),
  addMember: redisScript('addMember', ADD_MEMBER),
  endSubject: redisScript('endSubject', END_SUBJECT),
  linkToken: redisScript('linkToken', LINK_TOKEN),
  invalidateToken: redisScript('invalidateToken', INVALIDATE_TOKEN),
  beginEpoch: redisScript('beginEpoch', BEGIN_EPOCH),
};

export class ScriptCalls {
  readonly #keys: RedisKeys;
  readonly #lifetimes: Lifetimes;

  constructor(keys: RedisKeys, lifetimes: Lifetimes) {
    this.#keys = keys;
    this.#lifetimes = lifetimes;
  }

  saveLogin({ login, owner, clientId, tokens }: LoginToSave): ScriptCall {
    const { session, subject, time, id } = login;
    const { idToken, refreshToken } = tokens;
    const { session: lifetime, verdict } = this.#lifetimes;
    const { changes, ends } = this.#keys;
    return {
      script: SCRIPTS.saveLogin,
      keys: this.#keys.ofSession(session),
      values: [
        ...[time, id, subject, owner, clientId, idToken, refreshToken, session],
        ...[lifetime, verdict, changes, ends],
      ],
    };
  }

  renewLogin({ login, clientId, tokens }: LoginToRenew): ScriptCall {
    const { session, subject, time, id } = login;
    const { idToken, refreshToken } = tokens;
    const { session: lifetime } = this.#lifetimes;
    return {
      script: SCRIPTS.renewLogin,
      keys: this.#keys.ofSession(session),
      values: [time, id, subject, clientId, idToken, refreshToken, lifetime],
    };
  }

  endSession({ session, how, claimant, answer, owner }: SessionToEnd): ScriptCall {
    const { lease, verdict, ended } = this.#lifetimes;
    const { changes, ends } = this.#keys;
    return {
      script: SCRIPTS.endSession,
      keys: this.#keys.ofSession(session),
      values: [
        ...[...valuesOf(how), claimant, answer, owner, session],
        ...[lease, verdict, ended, changes, ends],
      ],
    };
  }

  settleEnd(session: string, event: string, done: string): ScriptCall {
    const [, record] = this.#keys.ofSession(session);
    const values = [event, done, this.#lifetimes.settled];
    return { script: SCRIPTS.settleEnd, keys: [record], values };
  }

  addMember({ session, subject, time }: Login): ScriptCall {
    const values = [time, session, this.#lifetimes.session];
    return { script: SCRIPTS.addMember, keys: this.#keys.ofSubject(subject), values };
  }

  endSubject({ subject, time, unless = '', owner, claimant }: SubjectToEnd): ScriptCall {
    const { changes, ends } = this.#keys;
    const { verdict } = this.#lifetimes;
    const values = [time, unless, owner, subject, verdict, changes, ends, claimant];
    return { script: SCRIPTS.endSubject, keys: this.#keys.ofSubject(subject), values };
  }

  linkToken(key: TokenKey, entry: { login: Login; claims: string }, ttl: number): ScriptCall {
    const values = [encodeLinked(entry), ttl, this.#keys.changes, key.of];
    return { script: SCRIPTS.linkToken, keys: [this.#keys.of(key)], values };
  }

  invalidateToken(key: TokenKey, { ttl, note, force }: Invalidation): ScriptCall {
    const values = [encodeInvalidated({ note }), ttl, this.#keys.changes, key.of, force ? 1 : 0];
    return { script: SCRIPTS.invalidateToken, keys: [this.#keys.of(key)], values };
  }

  beginEpoch(key: string): ScriptCall {
    return { script: SCRIPTS.beginEpoch, keys: [key], values: [] };
  }
}

/** How, time, subject, id, `auth_time`, tolerance. */
function valuesOf(how: SessionToEnd['how']): (string | number)[] {
  switch (how.by) {
    case 'login': {
      const { time, subject, id, saved, authTime = '' } = how;
      return [saved ? 'login' : 'unsaved', time, subject, id, authTime, 0];
    }
    case 'time':
      return ['time', how.time, how.subject ?? '', '', '', how.tolerance];
    case 'front':
      return ['front', how.time, '', '', '', how.tolerance];
  }
}
