import { setImmediate } from 'node:timers/promises';
import type { Events, InvalidatedEvent } from '../events.ts';
import { endSession, type EndReply, eventOfUnsaved } from '../invalidation/end-session.ts';
import type { Login } from '../invalidation/login.ts';
import { eventOfSubject } from '../invalidation/subject.ts';
import type { Operations } from '../store/operations.ts';
import { accessTokenKey, refreshTokenKey } from '../token/token-keys.ts';
import type { Announcements } from './announcements.ts';
import { claimantOf } from './claimant.ts';
import type { EndRevocation, EndRevocations } from './end-revocations.ts';
import type { Ending, RefusedTokens, SessionEnding, SubjectEnding, TokenEnding } from './ending.ts';
import { secondsUntil } from './seconds-until.ts';
import { readOwner, type SessionOwner, writeOwner } from './session-owner.ts';

// Few enough to leave the event loop to others in between.
const SESSIONS_AT_ONCE = 4;

export interface EndedToken {
  readonly isFirst: boolean;
  /** The login of a token that stays valid. */
  readonly login: Login | undefined;
  /** Resolves when every revocation was tried once or put off; never rejects. */
  readonly asked: Promise<unknown>;
}

export interface EndedSubject {
  /** Whether the subject had saved sessions, or the same end came before. */
  readonly isKnown: boolean;
}

export interface EndedSession extends EndReply {
  /** Resolves when every revocation was tried once or put off; never rejects. */
  readonly asked: Promise<unknown>;
}

export interface SessionEndsParts {
  readonly operations: Operations;
  readonly announcements: Announcements;
  readonly endRevocations: EndRevocations;
  readonly events: Events;
  /** Seconds. */
  readonly clockTolerance: number;
  /** Seconds. */
  readonly maxSessionLifetime: number;
}

/** The one verb for every way a session ends. Announcing and revoking are the last step. */
export class SessionEnds {
  readonly #parts: SessionEndsParts;
  /** By event, the revocations apart. */
  readonly #finishing = new Map<string, Promise<void>>();

  constructor(parts: SessionEndsParts) {
    this.#parts = parts;
  }

  /**
   * @throws {@link StoreUnavailableError} when nobody knows whether the end is stored. The same
   * call sent again finishes the end.
   */
  async end(ending: SessionEnding): Promise<EndedSession> {
    return this.#end(ending, writeOwner(ending.owner));
  }

  /** What {@link end} would be answered now, with the tokens of this client. Nothing is changed. */
  async foresee(ending: SessionEnding, clientId: string): Promise<EndReply> {
    const { session, how } = ending;
    const state = await this.#parts.operations.readSession(session, clientId);
    const end = { session, how, claimant: claimantFor(ending), answer: '', owner: '' };
    const now = Math.floor(Date.now() / 1000);
    return endSession(state, end, { now, lease: Infinity }).reply;
  }

  async endSubject(ending: SubjectEnding): Promise<EndedSubject> {
    const { subject, time, unless, owner } = ending;
    const end = { subject, time, unless, claimant: claimantFor(ending), owner: writeOwner(owner) };
    const { members, published, raised } = await this.#parts.operations.endSubject(end);
    if (raised) this.#emitInvalidated('subject', owner);
    if (published) this.#announce(ending, eventOfSubject(end));
    // A repeated Logout Token must not end later logins.
    const tolerance = raised || ending.cause === 'app' ? ending.tolerance : 0;
    const how = { by: 'time', time, tolerance, subject: undefined } as const;
    for (let start = 0; start < members.length; start += SESSIONS_AT_ONCE) {
      const some = members.slice(start, start + SESSIONS_AT_ONCE);
      await Promise.all(some.map((session) => this.#end({ ...ending, session, how }, '')));
      await setImmediate();
    }
    return { isKnown: members.length > 0 || !raised };
  }

  async endToken(ending: TokenEnding): Promise<EndedToken> {
    const { key, ttl, note, force = false } = ending;
    const { operations } = this.#parts;
    const { isFirst, linked } = await operations.invalidateToken(key, { ttl, note, force });
    if (isFirst) this.#emitInvalidated(key.kind, ending.owner);
    const isRevoked = isFirst && ending.isOfNoSession === true;
    const asked = isRevoked ? this.#parts.endRevocations.revokeHandedIn(ending) : Promise.resolve();
    return { isFirst, login: linked?.login, asked };
  }

  async refuse(refused: RefusedTokens): Promise<void> {
    const { owner, tokens } = refused;
    const { accessToken, refreshToken, expiresAt } = tokens;
    const ending = { cause: 'app', owner, note: '', force: true } as const;
    const { clockTolerance, maxSessionLifetime } = this.#parts;
    const key = { kind: 'access-token', of: accessTokenKey(accessToken) } as const;
    const ttl = secondsUntil(expiresAt + 2 * clockTolerance);
    await Promise.all([
      this.endToken({ ...ending, key, ttl }),
      refreshToken !== undefined &&
        this.endToken({
          ...ending,
          key: { kind: 'refresh-token', of: refreshTokenKey(refreshToken) },
          ttl: maxSessionLifetime,
        }),
    ]);
    this.#parts.endRevocations.revokeRefused(refused);
  }

  // Without `owner`, the end of an unsaved session is not announced.
  async #end(ending: SessionEnding, owner: string): Promise<EndedSession> {
    const { session, how, answer = '' } = ending;
    const claimant = claimantFor(ending);
    const { operations } = this.#parts;
    const end = { session, how, claimant, answer, owner };
    const reply = await operations.endSession(end);
    const ended = { ...ending, owner: readOwner(reply.record?.owner) ?? ending.owner };
    if (CHANGED.has(reply.status)) this.#emitInvalidated('session', ended.owner);
    if (reply.status === 'unknown' && owner !== '') this.#announce(ended, eventOfUnsaved(end));
    return { ...reply, asked: this.#finish(ended, reply) };
  }

  /** Resolves when the store knows every finished end; never rejects. */
  async settled(): Promise<void> {
    await Promise.all(this.#finishing.values());
  }

  /** The claimant does the work left. All revocations are queued now, so that `close()` waits. */
  #finish(ending: SessionEnding, { record, status }: EndReply): EndedSession['asked'] {
    const { endRevocations } = this.#parts;
    if (record?.end === undefined) return this.#revokeHandedIn(ending, status);
    const { event, left } = record.end;
    // A signed end takes over the tokens held by a front-channel end that is still announced.
    const isRevoking = left.includes('r');
    const work = `${isRevoking ? 'revoke' : 'announce'} ${event}`;
    if (!/[tr]/.test(left) || this.#finishing.has(work)) return Promise.resolve();
    const { asked, done } = isRevoking
      ? endRevocations.revokeKept(ending, record, status !== 'ended')
      : ONLY_ANNOUNCED;
    const settled = this.#settle(ending.session, event, done);
    this.#finishing.set(work, settled);
    void settled.finally(() => this.#finishing.delete(work));
    if (left.includes('t')) this.#announce(ending, event);
    return asked;
  }

  async #revokeHandedIn(ending: SessionEnding, status: EndReply['status']): Promise<void> {
    const { handedIn } = ending;
    if (handedIn === undefined) return;
    const { endRevocations } = this.#parts;
    if (status === 'unknown') await endRevocations.revokeHandedIn(ending);
    if (status === 'repeat' && handedIn.isSaved) await endRevocations.revokeLate(ending);
  }

  // A later end of this session finishes unsettled work again.
  async #settle(session: string, event: string, done: Promise<string>): Promise<void> {
    const { operations } = this.#parts;
    await operations.settleEnd(session, event, await done).catch(() => undefined);
  }

  #announce(ending: Ending, event: string): void {
    const owner = writeOwner(ending.owner);
    this.#parts.announcements.announce({ event, claimant: claimantFor(ending), owner });
  }

  #emitInvalidated(kind: InvalidatedEvent['kind'], owner: SessionOwner): void {
    const issuer = owner.issuer === '' ? undefined : owner.issuer;
    this.#parts.events.emit('invalidated', { kind, ...owner, issuer });
  }
}

const ONLY_ANNOUNCED: EndRevocation = { asked: Promise.resolve(), done: Promise.resolve('t') };

// The statuses with a new entry on the list.
const CHANGED = new Set<EndReply['status']>(['ended', 'unknown', 'late']);

function claimantFor({ cause, call, revokesOfflineAccess }: Ending): string {
  return claimantOf(cause, call, revokesOfflineAccess);
}
