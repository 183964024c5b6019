import { checkFunction } from '../../input/checks.ts';
import { endSession, type SessionToEnd } from '../../invalidation/end-session.ts';
import type { Login } from '../../invalidation/login.ts';
import { type LoginToRenew, renewLogin } from '../../invalidation/renew-login.ts';
import { type LoginToSave, saveLogin } from '../../invalidation/save-login.ts';
import type { SessionState } from '../../invalidation/session-record.ts';
import { settleEnd } from '../../invalidation/settle-end.ts';
import type { Step } from '../../invalidation/step.ts';
import { addMember, endSubject, type SubjectToEnd } from '../../invalidation/subject.ts';
import { invalidateToken, linkToken } from '../../invalidation/token-entry.ts';
import { ChangeSubscribers } from '../change-subscribers.ts';
import { corrupt } from '../codecs/corrupt.ts';
import { decodeEpoch } from '../codecs/epoch.ts';
import { decodeRecord } from '../codecs/session-record.ts';
import { LETTERS, textOfKey } from '../key-letters.ts';
import type { Lifetimes } from '../lifetimes.ts';
import type {
  ChangeSubscriber,
  EndSubscriber,
  Invalidation,
  Key,
  Operations,
  SessionLook,
  Subscriber,
  TokenKey,
} from '../operations.ts';
import type { StoreCalls } from '../store-calls.ts';
import type { Store, StoreWrite } from '../store.ts';
import { hearMessage, type MessageHearer } from './messages.ts';
import { storedRecord, storedSession } from './stored-session.ts';
import { changeBy, type Stored, textsOf } from './stored-step.ts';
import { storedSubject } from './stored-subject.ts';
import { storedToken } from './stored-token.ts';

/** The model on any store: each pure function runs in one update of its keys. */
export class StoreOperations implements Operations {
  readonly #store: Store;
  readonly #calls: StoreCalls;
  readonly #lifetimes: Lifetimes;
  readonly #subscribers = new ChangeSubscribers();

  constructor(store: Store, calls: StoreCalls, lifetimes: Lifetimes) {
    this.#store = store;
    this.#calls = calls;
    this.#lifetimes = lifetimes;
  }

  read(keys: readonly Key[]): Promise<(string | undefined)[]> {
    return this.#calls.run('read', () => this.#read(keys.map(textOfKey)));
  }

  saveLogin(save: LoginToSave) {
    const stored = storedSession(save.login.session, this.#lifetimes);
    return this.#change('saveLogin', save.login.session, () =>
      this.#run(stored, (state) => saveLogin(state, save)),
    );
  }

  renewLogin(renewal: LoginToRenew) {
    const stored = storedSession(renewal.login.session, this.#lifetimes);
    return this.#calls.run('renewLogin', () =>
      this.#run(stored, (state) => renewLogin(state, renewal)),
    );
  }

  endSession(end: SessionToEnd) {
    const { lease } = this.#lifetimes;
    const stored = storedSession(end.session, this.#lifetimes);
    return this.#change('endSession', end.session, () =>
      this.#run(stored, (state, now) => endSession(state, end, { now, lease })),
    );
  }

  settleEnd(session: string, event: string, done: string): Promise<void> {
    const settling = { event, done, keepsLogouts: this.#lifetimes.settled > 0 };
    const stored = storedRecord(session, this.#lifetimes);
    const change = changeBy(stored, (record) => settleEnd(record, settling));
    return this.#calls.run('settleEnd', () => this.#store.update(stored.keys, change));
  }

  look(session: string): Promise<SessionLook> {
    return this.#calls.run('look', async () => {
      const [text] = await this.#read([LETTERS.record + session]);
      const record = decodeRecord(text);
      return { isLive: record !== undefined && record.end === undefined, end: record?.end };
    });
  }

  readSession(session: string): Promise<SessionState> {
    const stored = storedSession(session, this.#lifetimes);
    return this.#calls.run('readSession', async () => stored.decode(await this.#read(stored.keys)));
  }

  addMember(login: Login) {
    const { session: lifetime } = this.#lifetimes;
    const stored = storedSubject(login.subject, this.#lifetimes);
    return this.#calls.run('addMember', () =>
      this.#run(stored, (state, now) => addMember(state, login, { now, lifetime })),
    );
  }

  endSubject(end: SubjectToEnd) {
    const stored = storedSubject(end.subject, this.#lifetimes);
    return this.#change('endSubject', end.subject, () =>
      this.#run(stored, (state, now) => endSubject(state, end, { now })),
    );
  }

  linkToken(key: TokenKey, login: Login, claims: string, ttl: number) {
    return this.#change('linkToken', key.of, () =>
      this.#run(storedToken(key, ttl), (entry) => linkToken(entry, { login, claims }, key.of)),
    );
  }

  invalidateToken(key: TokenKey, options: Invalidation) {
    return this.#change('invalidateToken', key.of, () =>
      this.#run(storedToken(key, options.ttl), (entry) => invalidateToken(entry, options, key.of)),
    );
  }

  async expireToken(key: TokenKey, ttl: number): Promise<void> {
    await this.#rewrite('expireToken', textOfKey(key), (value) => ({ value, ttl }));
  }

  async keepState(digest: string, value: string, ttl: number): Promise<void> {
    const key = LETTERS.state + digest;
    await this.#calls.run('keepState', () =>
      this.#store.update([key], (values) => {
        const [kept] = textsOf(values, 1);
        const writes = kept === undefined ? [{ key, value, ttl }] : [];
        return { result: undefined, writes, messages: [] };
      }),
    );
  }

  takeState(digest: string): Promise<string | undefined> {
    const nothing = { value: undefined, ttl: undefined };
    return this.#rewrite('takeState', LETTERS.state + digest, () => nothing);
  }

  beginEpoch(): Promise<number> {
    const key = LETTERS.epoch;
    return this.#calls.run('beginEpoch', () =>
      this.#store.update([key], (values, now) => {
        const [kept] = textsOf(values, 1);
        const value = kept ?? String(Math.floor(now));
        const writes = kept === undefined ? [{ key, value, ttl: undefined }] : [];
        return { result: decodeEpoch(value), writes, messages: [] };
      }),
    );
  }

  onChange(subscriber: ChangeSubscriber): () => void {
    const leave = this.#subscribers.add(subscriber);
    const stop = this.#hear(subscriber);
    return () => {
      leave();
      stop();
    };
  }

  onEnd(subscriber: EndSubscriber): () => void {
    return this.#hear(subscriber);
  }

  /** Without the result nobody knows what is stored. */
  async #run<State, Reply>(
    stored: Stored<State>,
    operation: (state: State, now: number) => Step<State, Reply>,
  ): Promise<Reply> {
    const reply = await this.#store.update(stored.keys, changeBy(stored, operation));
    if (reply === undefined || reply === null) throw corrupt();
    return reply;
  }

  async #read(keys: readonly string[]): Promise<(string | undefined)[]> {
    return keys.length === 0 ? [] : textsOf(await this.#store.read(keys), keys.length);
  }

  #rewrite(
    operation: string,
    key: string,
    rewrite: (text: string | undefined) => Omit<StoreWrite, 'key'>,
  ): Promise<string | undefined> {
    return this.#calls.run(operation, () =>
      this.#store.update([key], (values) => {
        const [text] = textsOf(values, 1);
        return { result: text, writes: [{ key, ...rewrite(text) }], messages: [] };
      }),
    );
  }

  #hear(subscriber: Subscriber & MessageHearer): () => void {
    const stop = this.#store.subscribe({
      hear: (message) => {
        hearMessage(message, subscriber);
      },
      live: () => subscriber.live?.(),
      lost: () => subscriber.lost?.(),
    });
    checkFunction(stop, 'store.subscribe()');
    return stop;
  }

  #change<T>(operation: string, digest: string, run: () => Promise<T>): Promise<T> {
    return this.#subscribers.around(digest, () => this.#calls.run(operation, run));
  }
}
