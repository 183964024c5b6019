import type { EndMessage } from '../invalidation/end-message.ts';
import type { EndReply, SessionToEnd } from '../invalidation/end-session.ts';
import type { Login } from '../invalidation/login.ts';
import type { LoginToRenew, RenewReply } from '../invalidation/renew-login.ts';
import type { LoginToSave, SaveReply } from '../invalidation/save-login.ts';
import type { PendingEnd, SessionState } from '../invalidation/session-record.ts';
import type { EndSubjectReply, SubjectToEnd } from '../invalidation/subject.ts';
import type { InvalidateReply } from '../invalidation/token-entry.ts';

export type Key =
  | { readonly kind: 'verdict'; readonly of: string }
  | { readonly kind: 'cut-off'; readonly of: string }
  | { readonly kind: 'access-token'; readonly of: string }
  | { readonly kind: 'refresh-token'; readonly of: string }
  | { readonly kind: 'epoch' };

export type TokenKey = Extract<Key, { readonly kind: 'access-token' | 'refresh-token' }>;

export interface Invalidation {
  /** Seconds. */
  readonly ttl: number;
  readonly note: string;
  readonly force: boolean;
}

export interface SessionLook {
  readonly isLive: boolean;
  /** `undefined` where the session is live, or has no record. */
  readonly end: Pick<PendingEnd, 'event' | 'left'> | undefined;
}

export interface Subscriber {
  /** From now on every change will be heard. */
  live?(): void;
  /** From now on changes may be missed. */
  lost?(): void;
}

export interface ChangeSubscriber extends Subscriber {
  /** Earlier reads of this digest are out of date. */
  changed(digest: string): void;
}

export interface EndSubscriber extends Subscriber {
  ended(message: EndMessage): void;
}

/**
 * The atomic operations of the model. Calls of one turn of the event loop share one round trip
 * where possible. Each rejects with StoreUnavailableError.
 */
export interface Operations {
  /** One round trip. */
  read(keys: readonly Key[]): Promise<(string | undefined)[]>;

  saveLogin(login: LoginToSave): Promise<SaveReply>;
  renewLogin(login: LoginToRenew): Promise<RenewReply>;
  endSession(session: SessionToEnd): Promise<EndReply>;
  /** `done`: letters. */
  settleEnd(session: string, event: string, done: string): Promise<void>;
  look(session: string): Promise<SessionLook>;
  /** With the tokens of this client at least. */
  readSession(session: string, clientId: string): Promise<SessionState>;
  addMember(login: Login): Promise<'ok' | 'over'>;
  endSubject(subject: SubjectToEnd): Promise<EndSubjectReply>;
  /** `claims`: to be kept of the token. `ttl` in seconds. */
  linkToken(
    key: TokenKey,
    login: Login,
    claims: string,
    ttl: number,
  ): Promise<'ok' | 'invalidated'>;
  /**
   * Without `force`, a token with a login stays valid and its entry is answered. The first note
   * stays.
   */
  invalidateToken(key: TokenKey, invalidation: Invalidation): Promise<InvalidateReply>;
  expireToken(key: TokenKey, ttl: number): Promise<void>;

  /** The first value stays. */
  keepState(digest: string, value: string, ttl: number): Promise<void>;
  /** Once. */
  takeState(digest: string): Promise<string | undefined>;
  /** Sets the start of this memory if none is set. */
  beginEpoch(): Promise<number>;

  /** The answered function ends the subscription. */
  onChange(subscriber: ChangeSubscriber): () => void;
  onEnd(subscriber: EndSubscriber): () => void;
}
