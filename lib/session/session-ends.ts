import type { EndCause } from '../events.ts';
import type { Invalidation, Invalidations } from '../invalidation/invalidations.ts';
import { sessionKey, subjectKey } from '../token/token-keys.ts';
import type { Announcements } from './announcements.ts';
import type { RegisteredSession, SessionRegistry } from './session-registry.ts';

// What fits into one call of the store well within its deadline.
const SESSIONS_AT_ONCE = 500;

/** A session that is to end, and what is known of it. */
export interface FoundSession {
  readonly key: string;
  readonly issuer: string;
  readonly subject: string | undefined;
  readonly sid: string | undefined;
  /** `undefined` when it was not saved, or has ended. */
  readonly registered: RegisteredSession | undefined;
  /** Its cut-off on the list; 0 when none is listed. */
  readonly cutOff: number;
}

/** What has ended, and whether that is news. */
export interface EndedSession {
  /** `undefined` stands for every session of the subject. */
  readonly key: string | undefined;
  readonly issuer: string;
  readonly subject: string | undefined;
  readonly sid: string | undefined;
  readonly isNews: boolean;
}

export interface EndedSubject {
  readonly issuer: string;
  readonly subject: string;
  /** Seconds since the epoch: later logins stay. Default: everything until now. */
  readonly until?: number;
}

/**
 * Ends sessions that others name: the provider, an administrator. `end` puts it on the list; then it is
 * time to `forget` what was known of them, and last to `announce` it.
 */
export class SessionEnds {
  readonly #registry: SessionRegistry;
  readonly #invalidations: Invalidations;
  readonly #announcements: Announcements;

  constructor(
    registry: SessionRegistry,
    invalidations: Invalidations,
    announcements: Announcements,
  ) {
    this.#registry = registry;
    this.#invalidations = invalidations;
    this.#announcements = announcements;
  }

  async find(issuer: string, sid: string): Promise<FoundSession> {
    const key = sessionKey(issuer, sid);
    const [[cutOff = 0], registered] = await Promise.all([
      this.#invalidations.lookUp(key),
      this.#registry.currentSession(key),
    ]);
    return { key, issuer, subject: registered?.subject, sid, registered, cutOff };
  }

  /** Ends sessions, whatever login they are of. */
  async end(sessions: readonly FoundSession[]): Promise<EndedSession[]> {
    await this.#invalidations.add(
      sessions.map(({ key, issuer, subject, sid, ...session }): Invalidation => {
        const cutOff = Math.max(Date.now(), session.cutOff + 1);
        return { kind: 'session', key, cutOff, issuer, subject, sid };
      }),
    );
    return sessions.map(({ key, issuer, subject, sid, registered, cutOff }) => {
      // A logout that was told of has dropped what was known of its session.
      const isNews = registered !== undefined || cutOff === 0;
      return { key, issuer, subject, sid, isNews };
    });
  }

  /** Ends everything issued to the subject, and every session of it that was saved. */
  async endSubject({ issuer, subject, until }: EndedSubject): Promise<EndedSession[]> {
    const key = subjectKey(issuer, subject);
    const cutOff = until ?? Math.floor(Date.now() / 1000);
    await this.#invalidations.add([{ kind: 'subject', key, cutOff, issuer, subject }]);
    const keys = await this.#registry.sessionsOf(key);
    const ended: EndedSession[] = [];
    for (let start = 0; start < keys.length; start += SESSIONS_AT_ONCE) {
      const some = keys.slice(start, start + SESSIONS_AT_ONCE);
      const found = await this.#findAll(some, { issuer, subject });
      ended.push(...(await this.end(found.filter((session) => isToEnd(session, until)))));
    }
    if (keys.length > 0) return ended;
    return [{ key: undefined, issuer, subject, sid: undefined, isNews: true }];
  }

  /** Drops what was known of ended sessions. They stay ended when it fails, of which `store-error` tells. */
  async forget(ended: readonly EndedSession[]): Promise<void> {
    const keys = ended.flatMap(({ key }) => (key === undefined ? [] : [key]));
    if (keys.length > 0) await this.#registry.forget(keys).catch(() => undefined);
  }

  announce(ended: readonly EndedSession[], cause: EndCause): void {
    for (const { issuer, subject, sid, isNews } of ended) {
      if (isNews) this.#announcements.announce({ issuer, subject, sid, cause });
    }
  }

  async #findAll(
    keys: readonly string[],
    owner: { issuer: string; subject: string },
  ): Promise<FoundSession[]> {
    const [cutOffs, sessions] = await Promise.all([
      this.#invalidations.lookUp(...keys),
      this.#registry.currentSessions(keys),
    ]);
    return keys.map((key, index) => {
      const registered = sessions[index];
      return { ...owner, key, sid: registered?.sid, registered, cutOff: cutOffs[index] ?? 0 };
    });
  }
}

// The subject's sessions are listed for a while after they ended.
function isToEnd({ registered, cutOff }: FoundSession, until = Infinity): boolean {
  return registered === undefined ? cutOff === 0 : registered.loginTime <= until;
}
