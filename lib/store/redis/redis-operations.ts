import type { Events } from '../../events.ts';
import type { EndReply, SessionToEnd } from '../../invalidation/end-session.ts';
import type { Login } from '../../invalidation/login.ts';
import type { LoginToRenew, RenewReply } from '../../invalidation/renew-login.ts';
import type { LoginToSave, SaveReply } from '../../invalidation/save-login.ts';
import type { SessionState } from '../../invalidation/session-record.ts';
import type { EndSubjectReply, SubjectToEnd } from '../../invalidation/subject.ts';
import type { InvalidateReply } from '../../invalidation/token-entry.ts';
import { ChangeSubscribers } from '../change-subscribers.ts';
import { corrupt } from '../codecs/corrupt.ts';
import { decodeEndMessage } from '../codecs/end-message.ts';
import { decodeEpoch } from '../codecs/epoch.ts';
import { decodeTokenEntry } from '../codecs/token-entry.ts';
import { decodeVerdict } from '../codecs/verdict.ts';
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
import { ClusterEpoch } from './cluster-epoch.ts';
import { RedisKeys } from './keys.ts';
import type { ReadyRedis } from './ready-redis.ts';
import { decodeFields, fieldsOf } from './record-fields.ts';
import { RedisChannel } from './redis-channel.ts';
import type { RedisCommand } from './redis-client.ts';
import type { ReplicatedWrites } from './replicated-writes.ts';
import { ScriptCalls } from './script-calls.ts';
import { decodeEndReply, decodeEndSubjectReply, oneOf } from './script-replies.ts';
import { callScript, type ScriptCall } from './script.ts';
import { translateErrors } from './translate-errors.ts';

export interface RedisOperationsSettings {
  readonly redis: ReadyRedis;
  readonly keyPrefix: string;
  readonly lifetimes: Lifetimes;
  readonly calls: StoreCalls;
  readonly events: Events;
  /** Set where an end counts only once replicas have the end. */
  readonly durable?: { readonly writes: ReplicatedWrites; readonly calls: StoreCalls } | undefined;
}

/** Each operation of the model is one script, on keys of one slot. */
export class RedisOperations implements Operations {
  readonly #settings: RedisOperationsSettings;
  readonly #keys: RedisKeys;
  readonly #scripts: ScriptCalls;
  readonly #subscribers = new ChangeSubscribers();
  readonly #clusterEpoch = new ClusterEpoch(() => this.#beginParts());

  constructor(settings: RedisOperationsSettings) {
    this.#settings = settings;
    this.#keys = new RedisKeys(settings.keyPrefix);
    this.#scripts = new ScriptCalls(this.#keys, settings.lifetimes);
  }

  read(keys: readonly Key[]): Promise<(string | undefined)[]> {
    const { redis, calls } = this.#settings;
    const hasParts = redis.client.isCluster && keys.some(({ kind }) => kind === 'epoch');
    return calls.run('read', () =>
      translateErrors(hasParts ? this.#readWithEpoch(keys) : this.#read(keys)),
    );
  }

  saveLogin(save: LoginToSave): Promise<SaveReply> {
    const call = this.#scripts.saveLogin(save);
    return this.#subscribers.around(save.login.session, () =>
      this.#run(call, oneOf<SaveReply>('ok', 'moved', 'over')),
    );
  }

  renewLogin(renewal: LoginToRenew): Promise<RenewReply> {
    return this.#run(this.#scripts.renewLogin(renewal), oneOf<RenewReply>('ok', 'over', 'unknown'));
  }

  endSession(end: SessionToEnd): Promise<EndReply> {
    const call = this.#scripts.endSession(end);
    return this.#subscribers.around(end.session, () => this.#runDurably(call, decodeEndReply));
  }

  settleEnd(session: string, event: string, done: string): Promise<void> {
    return this.#run(this.#scripts.settleEnd(session, event, done), () => undefined);
  }

  look(session: string): Promise<SessionLook> {
    const [, record] = this.#keys.ofSession(session);
    return this.#send('look', ['hmget', record, 'last', 'event', 'left'], (reply) => {
      const [last, event, left] = reply as (string | null)[];
      if (typeof event !== 'string') return { isLive: typeof last === 'string', end: undefined };
      if (typeof left !== 'string') throw corrupt();
      return { isLive: false, end: { event, left } };
    });
  }

  readSession(session: string, clientId: string): Promise<SessionState> {
    const { redis, calls } = this.#settings;
    const [verdictKey, recordKey] = this.#keys.ofSession(session);
    const names = fieldsOf(clientId);
    return calls.run('readSession', async () => {
      const [verdict, values] = await translateErrors(
        Promise.all([redis.send('get', verdictKey), redis.send('hmget', recordKey, ...names)]),
      );
      const fields = (values as (string | null)[]).map((text, index) => [names[index], text]);
      const present = fields.filter((field): field is [string, string] => field[1] !== null);
      return { verdict: decodeVerdict(textOf(verdict)), record: decodeFields(new Map(present)) };
    });
  }

  addMember(login: Login): Promise<'ok' | 'over'> {
    return this.#run(this.#scripts.addMember(login), oneOf('ok', 'over'));
  }

  endSubject(end: SubjectToEnd): Promise<EndSubjectReply> {
    const call = this.#scripts.endSubject(end);
    return this.#subscribers.around(end.subject, () =>
      this.#runDurably(call, decodeEndSubjectReply),
    );
  }

  linkToken(key: TokenKey, login: Login, claims: string, ttl: number) {
    const call = this.#scripts.linkToken(key, { login, claims }, ttl);
    return this.#subscribers.around(key.of, () => this.#run(call, oneOf('ok', 'invalidated')));
  }

  invalidateToken(key: TokenKey, invalidation: Invalidation): Promise<InvalidateReply> {
    const call = this.#scripts.invalidateToken(key, invalidation);
    return this.#subscribers.around(key.of, () =>
      this.#runDurably(call, (reply) => {
        const entry = decodeTokenEntry(textOf(reply));
        const linked = entry?.login === undefined ? undefined : entry;
        return { isFirst: reply === 1, linked };
      }),
    );
  }

  expireToken(key: TokenKey, ttl: number): Promise<void> {
    return this.#send('expireToken', ['expire', this.#keys.of(key), ttl], () => undefined);
  }

  keepState(digest: string, value: string, ttl: number): Promise<void> {
    const key = this.#keys.ofState(digest);
    return this.#send('keepState', ['set', key, value, 'EX', ttl, 'NX'], () => undefined);
  }

  takeState(digest: string): Promise<string | undefined> {
    return this.#send('takeState', ['getdel', this.#keys.ofState(digest)], textOf);
  }

  beginEpoch(): Promise<number> {
    const { redis, calls } = this.#settings;
    if (redis.client.isCluster) return calls.run('beginEpoch', () => this.#clusterEpoch.read());
    const call = this.#scripts.beginEpoch(this.#keys.of({ kind: 'epoch' }));
    return this.#run(call, (reply) => decodeEpoch(String(reply)));
  }

  onChange(subscriber: ChangeSubscriber): () => void {
    const leave = this.#subscribers.add(subscriber);
    const stop = this.#hear(this.#keys.changes, subscriber, (digest) => {
      subscriber.changed(digest);
    });
    return () => {
      leave();
      stop();
    };
  }

  onEnd(subscriber: EndSubscriber): () => void {
    return this.#hear(this.#keys.ends, subscriber, (text) => {
      const message = decodeEndMessage(text);
      if (message !== undefined) subscriber.ended(message);
    });
  }

  #hear(name: string, subscriber: Subscriber, hear: (message: string) => void): () => void {
    const { redis, events } = this.#settings;
    return new RedisChannel(redis, name, events).subscribe({
      hear,
      live: () => subscriber.live?.(),
      lost: () => subscriber.lost?.(),
    });
  }

  async #read(keys: readonly Key[]): Promise<(string | undefined)[]> {
    const values = await this.#settings.redis.read(keys.map((key) => this.#keys.of(key)));
    return values.map((value) => value ?? undefined);
  }

  async #readWithEpoch(keys: readonly Key[]): Promise<(string | undefined)[]> {
    const others = keys.filter(({ kind }) => kind !== 'epoch');
    const [epoch, values] = await Promise.all([this.#clusterEpoch.read(), this.#read(others)]);
    const rest = values.values();
    return keys.map(({ kind }) => (kind === 'epoch' ? String(epoch) : rest.next().value));
  }

  #beginParts(): Promise<unknown[]> {
    const { redis } = this.#settings;
    const begin = (key: string) =>
      callScript(this.#scripts.beginEpoch(key), (command) => redis.send(...command));
    return Promise.all(this.#keys.epochs().map(begin));
  }

  #run<T>(call: ScriptCall, decode: (reply: unknown) => T): Promise<T> {
    const { redis, calls } = this.#settings;
    const send = (command: RedisCommand) => redis.send(...command);
    return calls.run(call.script.operation, async () =>
      decode(await translateErrors(callScript(call, send))),
    );
  }

  #runDurably<T>(call: ScriptCall, decode: (reply: unknown) => T): Promise<T> {
    const { durable } = this.#settings;
    if (durable === undefined) return this.#run(call, decode);
    const send = (command: RedisCommand) => durable.writes.run(command);
    const run = async () => decode(await translateErrors(callScript(call, send)));
    return durable.calls.run(call.script.operation, run);
  }

  #send<T>(operation: string, command: RedisCommand, decode: (reply: unknown) => T): Promise<T> {
    const { redis, calls } = this.#settings;
    return calls.run(operation, async () => decode(await translateErrors(redis.send(...command))));
  }
}

function textOf(reply: unknown): string | undefined {
  return typeof reply === 'string' ? reply : undefined;
}
