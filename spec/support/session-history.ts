/** An access token, and whether a login is known to have it. */
export interface AccessTokenOf {
  readonly text: string;
  state: 'unsaved' | 'saved' | 'unknown' | 'refused';
}

/** A login at the provider, with the provider's times in seconds. */
export interface ModelLogin {
  readonly name: string;
  readonly user: string;
  readonly sid: string | undefined;
  readonly time: number;
  readonly authTime: number | undefined;
  readonly idToken: string;
  readonly accessTokens: AccessTokenOf[];
  /** The newest last. */
  readonly refreshTokens: string[];
  readonly saves: Call[];
}

/** A call: when it began and came back, by a counter of all such moments. */
export interface Call {
  readonly begun: number;
  /** `Infinity` while it is under way. */
  done: number;
  /** `failed`: nobody knows what became of it, or will. */
  outcome: 'under way' | 'ok' | 'refused' | 'failed';
}

/** A call that ends sessions. */
export interface ModelEnd extends Call {
  /** The same for the same call again. */
  readonly id: string;
  readonly app: number;
  readonly by: 'login' | 'time' | 'front';
  /** Of a logout. */
  readonly login?: ModelLogin;
  readonly accessToken?: AccessTokenOf;
  readonly refreshToken?: string | undefined;
  readonly sid?: string | undefined;
  readonly user?: string | undefined;
  /** In which second it happened, by the clock that counts: not before, and not after. */
  readonly from: number;
  until: number;
}

/**
 * What was done, and what must hold then: what is over for certain, and what can be over at all. In between lies what
 * calls at the same moment leave open, and what no guarantee is about.
 */
export class SessionHistory {
  readonly logins: ModelLogin[] = [];
  readonly ends: ModelEnd[] = [];
  readonly #tolerance: number;

  /** Seconds. */
  constructor(tolerance: number) {
    this.#tolerance = tolerance;
  }

  /** The login ended before this moment, for certain. */
  isOver(login: ModelLogin, moment: number, ends: readonly ModelEnd[] = this.ends): boolean {
    return ends.some((end) => end.outcome === 'ok' && end.done < moment && this.covers(end, login));
  }

  /** Something that began before this moment can have ended the login. */
  canBeOver(login: ModelLogin, moment: number): boolean {
    return this.ends.some((end) => end.begun < moment && this.canCover(end, login));
  }

  /** Nothing stands against a token that nobody saved, also not an end of an earlier login of its session. */
  isFreshUnsaved(login: ModelLogin, moment: number): boolean {
    const { sid, user, time, authTime } = login;
    return this.ends
      .filter(({ begun }) => begun < moment)
      .every((end) => {
        const subject = end.by === 'time' && end.sid === undefined ? end.user : undefined;
        if (subject === user && (authTime ?? time) <= end.until) return false;
        if (sid === undefined || !this.#isOfSession(end, login)) return true;
        return authTime !== undefined && authTime > this.#edge(end, sid);
      });
  }

  /** A confirmed end covers the login. */
  covers(end: ModelEnd, login: ModelLogin): boolean {
    if (end.by === 'login') return this.#coveredByLogout(end, login);
    if (end.by === 'front') return this.#coveredByFront(end, login);
    const isMeant = end.sid === undefined ? end.user === login.user : end.sid === login.sid;
    return isMeant && login.time <= end.from;
  }

  canCover(end: ModelEnd, login: ModelLogin): boolean {
    if (!this.#isOfSession(end, login)) return false;
    if (end.login === login) return true;
    if (end.by === 'time' && login.time <= end.until) return true;
    if (end.login !== undefined && login.time < end.login.time) return true;
    const isUnsaved = end.login !== undefined && !isSaved(end.login, end.begun);
    if (isUnsaved && login.time === end.login.time) return true;
    const isByThen = end.by === 'front' && login.time <= end.until;
    return this.#closable(end, login).some(
      (closed) => isByThen || closed === login || login.time < closed.time,
    );
  }

  /** The logins of a session that can have been saved before this moment. */
  savedIn(sid: string, moment = Infinity): ModelLogin[] {
    return this.logins.filter((login) => login.sid === sid && savedFrom(login) < moment);
  }

  #coveredByLogout(end: ModelEnd, login: ModelLogin): boolean {
    const own = end.login;
    if (own === undefined) return false;
    const wasSaved = isSaved(own, end.begun);
    // What is being saved during the logout need not be reached but by its token.
    if (own === login) return wasSaved || savedFrom(own) > end.done;
    if (own.sid === undefined || own.sid !== login.sid) return false;
    if (wasSaved && login.time < own.time) return true;
    if (!isSaved(login, end.begun)) return false;
    if (wasSaved) return !this.canBeOver(own, end.begun);
    return this.ends.every(
      (other) => other === end || other.begun > end.done || !this.#isOfSession(other, login),
    );
  }

  #coveredByFront(end: ModelEnd, login: ModelLogin): boolean {
    if (end.sid !== login.sid || !isSaved(login, end.begun) || login.time > end.from) return false;
    const newest = Math.max(...this.savedIn(end.sid ?? '', end.done).map(({ time }) => time));
    return newest <= end.from + this.#tolerance;
  }

  /** The saved logins of this session that the end can close, newer than its time too. */
  #closable(end: ModelEnd, { sid, user, name }: ModelLogin): ModelLogin[] {
    const effective = end.outcome === 'ok' ? end.done : Infinity;
    return this.logins.filter((login) => {
      const isOfSession = sid === undefined ? login.name === name : login.sid === sid;
      if (!isOfSession || login.user !== user || savedFrom(login) >= effective) return false;
      if (end.login !== undefined) return !this.isOver(end.login, savedFrom(login));
      if (login.time > end.until + this.#tolerance) return false;
      return !this.#wasConfirmed(end, savedFrom(login));
    });
  }

  // The same call was answered 200 before this moment: it takes nothing newer than itself.
  #wasConfirmed({ id }: ModelEnd, moment: number): boolean {
    return this.ends.some((end) => end.id === id && end.outcome === 'ok' && end.done < moment);
  }

  #isOfSession(end: ModelEnd, login: ModelLogin): boolean {
    if (end.login !== undefined) {
      return end.login === login || (login.sid !== undefined && end.login.sid === login.sid);
    }
    if (end.sid !== undefined && end.sid === login.sid) return true;
    if (end.user === undefined || end.user !== login.user) return false;
    return end.sid === undefined || login.sid === undefined;
  }

  #edge(end: ModelEnd, sid: string): number {
    const effective = end.outcome === 'ok' ? end.done : Infinity;
    const times = this.savedIn(sid, effective).map(({ time }) => time);
    if (end.login !== undefined) return Math.max(end.login.time, ...times);
    return end.until + this.#tolerance;
  }
}

/** A save was answered before this moment. */
export function isSaved({ saves }: ModelLogin, moment: number): boolean {
  return saves.some(({ outcome, done }) => outcome === 'ok' && done < moment);
}

/** From when on the login can be saved. */
export function savedFrom({ saves }: ModelLogin): number {
  return Math.min(...saves.filter((s) => s.outcome !== 'refused').map(({ begun }) => begun));
}
