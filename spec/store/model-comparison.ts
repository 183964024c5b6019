import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { Events } from '../../lib/events.ts';
import type { SessionRecord } from '../../lib/invalidation/session-record.ts';
import { decodeMembers } from '../../lib/store/codecs/members.ts';
import { decodeRecord } from '../../lib/store/codecs/session-record.ts';
import type { Operations } from '../../lib/store/operations.ts';
import { ReadyRedis } from '../../lib/store/redis/ready-redis.ts';
import { RedisOperations } from '../../lib/store/redis/redis-operations.ts';
import { StoreCalls } from '../../lib/store/store-calls.ts';
import { StoreOperations } from '../../lib/store/any/store-operations.ts';
import type { Store, StoreChange } from '../../lib/store/store.ts';
import { LIFETIMES } from '../support/lifetimes.ts';
import { type RandomOperation, randomOperation } from './random-operations.ts';
import { redisAtClock } from './redis-at-clock.ts';

const PREFIX = 'app:';
// Members leave while a sequence lasts, and a lease ends; a key must not.
const lifetimes = { ...LIFETIMES, session: 20, lease: 3 };

/** A store without expiry, at a time of its own, that remembers what was published. */
class PlainStore implements Store {
  readonly texts = new Map<string, string>();
  readonly messages: string[] = [];
  now = 0;

  read(keys: readonly string[]) {
    return Promise.resolve(keys.map((key) => this.texts.get(key)));
  }

  update<Result>(keys: readonly string[], change: StoreChange<Result>): Promise<Result> {
    const { result, writes, messages } = change(
      keys.map((key) => this.texts.get(key)),
      this.now,
    );
    for (const { key, value, ttl } of writes) {
      if (value === undefined) this.texts.delete(key);
      else this.texts.set(key, value);
      const lives = ttl === undefined ? key === 'e' : Number.isInteger(ttl) && ttl > 0;
      assert.ok(lives || value === undefined, `the time to live of ${key}`);
    }
    this.messages.push(...messages);
    return Promise.resolve(result);
  }

  subscribe() {
    return () => undefined;
  }
}

/** Compares the pure functions and the scripts, operation by operation, and answers how many there were. */
export async function compareModels(
  redis: Redis,
  listener: Redis,
  options: fc.Parameters<[RandomOperation[]]>,
): Promise<number> {
  const heard = await listenTo(listener);
  const scripts = operationsOn(redis);
  let count = 0;
  const sequences = fc.array(randomOperation, { minLength: 20, maxLength: 40, size: 'max' });
  const property = fc.asyncProperty(sequences, async (sequence) => {
    await redis.flushdb();
    heard.length = 0;
    const store = new PlainStore();
    const functions = operationsOnStore(store);
    for (const { name, after, isStrict, run } of sequence) {
      store.now += after;
      const [, ofScript] = await Promise.all([
        redis.set('clock', store.now),
        run(scripts(isStrict)),
      ]);
      assert.deepEqual(ofScript, await run(functions(isStrict)), name);
      count += 1;
    }
    assert.deepEqual(await stateOf(redis), stateOfStore(store));
    await redis.publish(`${PREFIX}changed`, 'done');
    while (heard.at(-1) !== 'changed done') await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(heard.slice(0, -1).map(parsed), store.messages.map(parsed));
  });
  await fc.assert(property, options);
  return count;
}

function operationsOn(client: Redis): (isStrict: boolean) => Operations {
  const events = new Events();
  const redis = new ReadyRedis(redisAtClock(client), 10_000);
  const settings = { redis, keyPrefix: PREFIX, calls: new StoreCalls(events, 10_000), events };
  const usual = new RedisOperations({ ...settings, lifetimes });
  const strict = new RedisOperations({ ...settings, lifetimes: { ...lifetimes, settled: 0 } });
  return (isStrict) => (isStrict ? strict : usual);
}

function operationsOnStore(store: Store): (isStrict: boolean) => Operations {
  const calls = new StoreCalls(new Events(), 10_000);
  const usual = new StoreOperations(store, calls, lifetimes);
  const strict = new StoreOperations(store, calls, { ...lifetimes, settled: 0 });
  return (isStrict) => (isStrict ? strict : usual);
}

/** What is published on both channels, as a store would tell it. */
async function listenTo(listener: Redis): Promise<string[]> {
  const heard: string[] = [];
  listener.on('message', (channel: string, message: string) => {
    heard.push(`${channel === `${PREFIX}changed` ? 'changed' : 'ended'} ${message}`);
  });
  await listener.subscribe(`${PREFIX}changed`, `${PREFIX}session-ended`);
  return heard;
}

function parsed(message: string): unknown {
  return message.startsWith('ended ') ? JSON.parse(message.slice(6)) : message;
}

async function stateOf(redis: Redis): Promise<Record<string, unknown>> {
  const keys = (await redis.keys(`${PREFIX}*`)).sort();
  const entries = keys.map(async (key) => {
    const name = key.slice(PREFIX.length).replace(/[{}]/g, '');
    assert.ok(name === 'e' || (await redis.ttl(key)) > 0, `${key} has no time to live`);
    return [name, await valueOf(redis, key)];
  });
  return Object.fromEntries(await Promise.all(entries)) as Record<string, unknown>;
}

async function valueOf(redis: Redis, key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case 'hash':
      return { ...(await redis.hgetall(key)) };
    case 'zset':
      return pairs(await redis.zrange(key, '0', '-1', 'WITHSCORES'));
    default:
      return redis.get(key);
  }
}

function pairs(words: readonly string[]): Record<string, string> {
  const entries = words.flatMap((word, index) =>
    index % 2 === 0 ? [[word, words[index + 1]]] : [],
  );
  return Object.fromEntries(entries) as Record<string, string>;
}

function stateOfStore({ texts }: PlainStore): Record<string, unknown> {
  const entries = [...texts].map(([key, text]) => {
    if (key.startsWith('s')) return [key, fieldsOf(decodeRecord(text))];
    if (key.startsWith('l')) return [key, pairs([...decodeMembers(text)].flat().map(String))];
    return [key, text];
  });
  return Object.fromEntries(entries) as Record<string, unknown>;
}

/** The fields that a record has in Redis. */
function fieldsOf(record: SessionRecord | undefined): Record<string, string> {
  assert.ok(record !== undefined);
  const { last, ids, subject, owner, tokens, end } = record;
  const fields: Record<string, string> = { last: String(last), ids: ids.join(' '), subject, owner };
  for (const [client, { idToken, refreshToken, time }] of Object.entries(tokens)) {
    Object.assign(fields, { [`i:${client}`]: idToken, [`r:${client}`]: refreshToken });
    fields[`t:${client}`] = String(time);
  }
  if (end === undefined) return fields;
  const { claimedAt, endedAt, ...others } = end;
  return { ...fields, ...others, claimed: String(claimedAt), ended: String(endedAt) };
}
