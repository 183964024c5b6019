import type { EndMessage } from '../invalidation/end-message.ts';
import type { EndReply, SessionToEnd } from '../invalidation/end-session.ts';
import type { Login } from '../invalidation/login.ts';
import type { RenewReply } from '../invalidation/renew-login.ts';
import type { LoginToSave, SaveReply } from '../invalidation/save-login.ts';
import type { PendingEnd } from '../invalidation/session-record.ts';
import type { EndSubjectReply, SubjectToEnd } from '../invalidation/subject.ts';
import type { InvalidateReply } from '../invalidation/token-entry.ts';

export type { EndMessage, Owner } from '../invalidation/end-message.ts';
export type { EndReply, SessionToEnd } from '../invalidation/end-session.ts';
export type { LoginToSave } from '../invalidation/save-login.ts';
export type { SubjectToEnd } from '../invalidation/subject.ts';

/** A kind of key, and the digest in it. The letters are those of the keys in Redis. */
export type Key =
  | { readonly kind: 'verdict'; readonly of: string }
  | { readonly kind: 'cut-off'; readonly of: string }
  | { readonly kind: 'access-token'; readonly of: string }
  | { readonly kind: 'refresh-token'; readonly of: string }
  | { readonly kind: 'epoch' };

/** The key of one token. */
export type TokenKey = Extract<Key, { readonly kind: 'access-token' | 'refresh-token' }>;

export interface Invalidation {
  /** Seconds. */
  readonly ttl: number;
  /** Kept with the entry. */
  readonly note: string;
  readonly force: boolean;
}

/** What stands in the record of a session. */
export interface SessionLook {
  readonly isLive: boolean;
  /** `undefined` where the session lives, or has no record. */
  readonly end: Pick<PendingEnd, 'event' | 'left'> | undefined;
}

/** What this process hears of all processes, itself included. */
export interface Subscriber {
  /** From now on every change will be heard. */
  live?(): void;
  /** From now on changes may be missed. */
  lost?(): void;
}

export interface ChangeSubscriber extends Subscriber {
  /** What was read before of the verdict, cut-off or token with this digest is out of date. */
  changed(digest: string): void;
}

export interface EndSubscriber extends Subscriber {
  ended(message: EndMessage): void;
}

/**
 * The atomic operations of the model on a store. Calls of one turn of the event loop are one round trip where the
 * store can do that. Each rejects with StoreUnavailableError.
 */
export interface Operations {
  /** The texts under these keys, in their order, in one round trip. */
  read(keys: readonly Key[]): Promise<(string | undefined)[]>;

  saveLogin(login: LoginToSave): Promise<SaveReply>;
  renewLogin(login: Omit<LoginToSave, 'owner'>): Promise<RenewReply>;
  endSession(session: SessionToEnd): Promise<EndReply>;
  /** Removes what was done of what is left to do. */
  settleEnd(session: string, event: string, done: string): Promise<void>;
  /** The look before a revocation that is late or repeated. */
  look(session: string): Promise<SessionLook>;
  addMember(login: Login): Promise<'ok' | 'over'>;
  endSubject(subject: SubjectToEnd): Promise<EndSubjectReply>;
  /** `claims`: what is kept of an access token, one text; empty for a refresh token. `ttl` in seconds. */
  linkToken(
    key: TokenKey,
    login: Login,
    claims: string,
    ttl: number,
  ): Promise<'ok' | 'invalidated'>;
  /**
   * Invalidates a token. Without `force` a token that a login has stays, and its entry is answered. The first note
   * stays.
   */
  invalidateToken(key: TokenKey, invalidation: Invalidation): Promise<InvalidateReply>;
  /** Lets a refresh token that was used expire. */
  expireToken(key: TokenKey, ttl: number): Promise<void>;

  /** Keeps the `state` of a logout for its return; what was kept first stays. */
  keepState(digest: string, value: string, ttl: number): Promise<void>;
  /** Answers what was kept, once. */
  takeState(digest: string): Promise<string | undefined>;
  /** Sets the time since when this memory is complete, where none is set, and answers which it is. */
  beginEpoch(): Promise<number>;

  /** Hears until the answered function is called. */
  onChange(subscriber: ChangeSubscriber): () => void;
  onEnd(subscriber: EndSubscriber): () => void;
}
