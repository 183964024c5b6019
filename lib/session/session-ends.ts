import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EndCause } from '../events.ts';
import type { Invalidation, Invalidations } from '../invalidation/invalidations.ts';
import type { Provider } from '../provider/provider.ts';
import type { Revocations } from '../provider/revocations.ts';
import { sessionKey, subjectKey } from '../token/token-keys.ts';
import type { Announcements } from './announcements.ts';
import type { RegisteredSession, SessionRegistry } from './session-registry.ts';

// What fits into one call of the store well within its deadline, and into one turn of the event loop.
const SESSIONS_AT_ONCE = 100;

/** A session that somebody names, and what is known of it. */
export interface FoundSession {
  readonly key: string;
  readonly issuer: string;
  readonly subject: string | undefined;
  readonly sid: string | undefined;
  /** `undefined` when it was not saved, or its end was told. */
  readonly registered: RegisteredSession | undefined;
  /** Its cut-off on the list; 0 when none is listed. */
  readonly cutOff: number;
}

/** One session by its `sid`, else all of a subject that began by then. */
export interface SessionsToEnd {
  readonly issuer: string;
  readonly sid?: string | undefined;
  readonly subject?: string | undefined;
  /** Seconds since the epoch. Default: now. */
  readonly until?: number;
}

/** What was found under a name, before it ends. */
export interface FoundSessions {
  readonly name: SessionsToEnd;
  readonly sessions: readonly FoundSession[];
  /** The subject of whom no session was saved: its end is told as a whole. */
  readonly isWhole: boolean;
}

/** What has ended, to be told of. */
export interface EndedSession {
  readonly issuer: string;
  readonly subject: string | undefined;
  /** `undefined` where the provider names none, and for all sessions of a subject. */
  readonly sid: string | undefined;
  /** What was known of it. */
  readonly registered?: RegisteredSession | undefined;
}

export interface SessionEndsParts {
  readonly registry: SessionRegistry;
  readonly invalidations: Invalidations;
  readonly announcements: Announcements;
  readonly providers: ReadonlyMap<string, Provider>;
  readonly revocations: Revocations;
}

/**
 * Ends sessions that others name: the provider, an administrator. `end` puts what was found on the list. A
 * session that was saved keeps its record until its end is told: `conclude` takes the record, which only
 * one can, and answers what is left to `announce`.
 */
export class SessionEnds {
  readonly #registry: SessionRegistry;
  readonly #invalidations: Invalidations;
  readonly #announcements: Announcements;
  readonly #providers: ReadonlyMap<string, Provider>;
  readonly #revocations: Revocations;

  constructor({ registry, invalidations, announcements, ...parts }: SessionEndsParts) {
    this.#registry = registry;
    this.#invalidations = invalidations;
    this.#announcements = announcements;
    this.#providers = parts.providers;
    this.#revocations = parts.revocations;
  }

  async find(name: SessionsToEnd): Promise<FoundSessions> {
    const { issuer, sid } = name;
    if (sid === undefined) return this.#findAll(name);
    const sessions = await this.#lookUp([sessionKey(issuer, sid)], name);
    return { name, sessions, isWhole: false };
  }

  /** Puts the ends on the list. Of two who do it at once both give a saved session the same cut-off. */
  async end({ name, sessions }: FoundSessions): Promise<void> {
    if (name.sid === undefined) await this.#invalidations.add([endOfSubject(name)]);
    for await (const some of chunks(sessions)) {
      await this.#invalidations.add(some.map(endOfSession));
    }
  }

  /**
   * Drops what was known of ended sessions, and answers those whose end nobody has told. When the store
   * fails, of which `store-error` tells, they stay ended, and may be told of once more.
   */
  async conclude({ name, sessions, isWhole }: FoundSessions): Promise<EndedSession[]> {
    const { issuer, subject } = name;
    if (isWhole) return [{ issuer, subject, sid: undefined }];
    const untold: (EndedSession | undefined)[] = [];
    for await (const some of chunks(sessions)) {
      untold.push(...(await Promise.all(some.map((session) => this.#take(session)))));
    }
    return untold.filter((session) => session !== undefined);
  }

  async announce(ended: readonly EndedSession[], cause: EndCause): Promise<void> {
    for await (const some of chunks(ended)) {
      for (const { issuer, subject, sid } of some) {
        this.#announcements.announce({ issuer, subject, sid, cause });
      }
    }
  }

  /**
   * Revokes the refresh tokens that were kept, in the background. Offline access outlives a logout at the
   * provider (Back-Channel Logout 1.0, section 2.7).
   */
  async revoke(ended: readonly EndedSession[], cause: 'back-channel' | 'app'): Promise<void> {
    for await (const some of chunks(ended)) {
      for (const session of some) this.#revoke(session, cause);
    }
  }

  /** A saved session by what is known of it. */
  findSaved(registered: RegisteredSession): FoundSessions {
    const { session: key, issuer, subject, sid } = registered;
    const found = { key, issuer, subject, sid, registered, cutOff: 0 };
    return { name: { issuer, sid: sid ?? key }, sessions: [found], isWhole: false };
  }

  #revoke({ issuer, subject, sid, registered }: EndedSession, cause: 'back-channel' | 'app'): void {
    const provider = this.#providers.get(issuer);
    const refreshToken = registered?.refreshToken;
    if (provider === undefined || refreshToken === undefined) return;
    if (cause === 'back-channel' && isOffline(registered)) return;
    const refreshTokens = [refreshToken];
    this.#revocations.revokeInBackground({ provider, refreshTokens, subject, sid });
  }

  async #findAll(name: SessionsToEnd): Promise<FoundSessions> {
    const { issuer, subject = '', until } = name;
    const keys = await this.#registry.sessionsOf(subjectKey(issuer, subject));
    const found: FoundSession[] = [];
    for await (const some of chunks(keys)) found.push(...(await this.#lookUp(some, name)));
    const sessions = found.filter((session) => isDue(session, until));
    return { name, sessions, isWhole: keys.length === 0 };
  }

  /** The session, if its end is this one's to tell, as it was last: a refresh may have come in between. */
  async #take(session: FoundSession): Promise<EndedSession | undefined> {
    const { registered, cutOff } = session;
    if (registered === undefined) return cutOff === 0 ? session : undefined;
    const taken = await this.#registry.forget(registered).catch(() => registered);
    return taken && { ...session, registered: taken };
  }

  async #lookUp(
    keys: readonly string[],
    name: Pick<SessionsToEnd, 'issuer' | 'subject' | 'sid'>,
  ): Promise<FoundSession[]> {
    const [sessions, cutOffs] = await Promise.all([
      this.#registry.currentSessions(keys),
      this.#invalidations.lookUp(...keys),
    ]);
    return keys.map((key, index) => {
      const registered = sessions[index];
      const { issuer, subject = name.subject, sid = name.sid } = registered ?? name;
      return { key, issuer, subject, sid, registered, cutOff: cutOffs[index] ?? 0 };
    });
  }
}

/** Those that are over although their records are there: whoever ended them has not told it. */
export function untold({ sessions, ...found }: FoundSessions): FoundSessions {
  const isUntold = ({ registered, cutOff }: FoundSession) =>
    registered !== undefined && cutOff > registered.generation;
  return { ...found, sessions: sessions.filter(isUntold), isWhole: false };
}

/** Those that were saved, whose records tell who is to announce their end. */
export function saved({ sessions, ...found }: FoundSessions): FoundSessions {
  const isSaved = ({ registered }: FoundSession) => registered !== undefined;
  return { ...found, sessions: sessions.filter(isSaved), isWhole: false };
}

// A record that cannot be read is of an unknown time: what was saved of it has the subject's cut-off.
function isDue({ registered, cutOff }: FoundSession, until: number | undefined): boolean {
  if (registered === undefined) return until === undefined && cutOff === 0;
  return registered.loginTime <= (until ?? Infinity);
}

function isOffline(session: RegisteredSession | undefined): boolean {
  return session?.scope?.split(' ').includes('offline_access') === true;
}

function endOfSubject({ issuer, subject = '', until }: SessionsToEnd): Invalidation {
  const cutOff = until ?? Math.floor(Date.now() / 1000);
  return { kind: 'subject', key: subjectKey(issuer, subject), cutOff, issuer, subject };
}

// A later login has a later generation; where none is known only time is sure to be later.
function endOfSession({ registered, cutOff, ...session }: FoundSession): Invalidation {
  const next = Math.max(cutOff, registered?.generation ?? Date.now()) + 1;
  return { kind: 'session', ...session, cutOff: next };
}

/** Batches, each in a turn of the event loop of its own. */
async function* chunks<T>(all: readonly T[]): AsyncGenerator<readonly T[]> {
  for (let start = 0; start < all.length; start += SESSIONS_AT_ONCE) {
    if (start > 0) await nextTurn();
    yield all.slice(start, start + SESSIONS_AT_ONCE);
  }
}
