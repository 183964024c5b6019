import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { Redis as Redis5 } from 'ioredis5';
import { Events, type StoreErrorEvent } from '../../../lib/events.ts';
import type { Operations } from '../../../lib/store/operations.ts';
import { ReadyRedis } from '../../../lib/store/redis/ready-redis.ts';
import type { RedisClient } from '../../../lib/store/redis/redis-client.ts';
import { RedisOperations } from '../../../lib/store/redis/redis-operations.ts';
import { StoreCalls } from '../../../lib/store/store-calls.ts';
import { LIFETIMES } from '../../support/lifetimes.ts';
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts';
import { byLogin, byTime, loginAt, tokensAt } from '../../support/session-states.ts';

const CORRUPT = { code: 'ERR_OIDC_LOGOUT_STORE_UNAVAILABLE', reason: 'corrupt-record' };
const save = { login: loginAt(100), owner: 'owner', clientId: 'web', tokens: tokensAt(100) };
const end = { session: 'session', how: byTime(100), claimant: 'app', answer: '', owner: 'owner' };
const key = { kind: 'access-token', of: 'token' } as const;
const forced = { ttl: 60, note: '', force: true };
const subject = { subject: 'user', time: 100, claimant: 'app::', owner: 'owner' };

let server: RedisServer;
let redis: Redis;
let operations: Operations;
let errors: StoreErrorEvent[];

beforeAll(async () => {
  server = await startRedisServer();
  redis = server.connect();
});

afterAll(() => server.close());

beforeEach(async () => {
  await redis.flushall();
  errors = [];
  operations = operationsOf(server.connect());
});

function operationsOf(client: RedisClient, keyPrefix = 'oidc:'): Operations {
  const events = new Events();
  events.on('store-error', (event) => errors.push(event));
  const calls = new StoreCalls(events, 1000);
  const ready = new ReadyRedis(client, 1000);
  return new RedisOperations({ redis: ready, keyPrefix, lifetimes: LIFETIMES, calls, events });
}

async function useAll(): Promise<void> {
  await operations.addMember(save.login);
  await operations.linkToken(key, save.login, '', 60);
  await operations.saveLogin(save);
  await operations.renewLogin(save);
  await operations.endSession({ ...end, how: byLogin(save.login), answer: 'answer' });
  await operations.settleEnd('session', '100 id100', 't');
  await operations.endSubject(subject);
  await operations.invalidateToken(key, forced);
  await operations.keepState('digest', 'value', 60);
  await operations.beginEpoch();
}

describe('RedisOperations', () => {
  it('keeps seven kinds of keys and the states of logouts, and all but the epoch expire', async () => {
    await useAll();
    const keys = await redis.keys('*');
    const lives = await Promise.all(
      keys.map(async (each) => [each, await redis.ttl(each)] as const),
    );
    const around = (seconds: number) => expect.closeTo(seconds, -1) as unknown as number;
    expect(Object.fromEntries(lives)).toEqual({
      'oidc:x{session}': around(LIFETIMES.verdict),
      'oidc:s{session}': around(LIFETIMES.ended),
      'oidc:u{user}': around(LIFETIMES.verdict),
      'oidc:l{user}': around(LIFETIMES.session),
      'oidc:ttoken': around(60),
      'oidc:pdigest': around(60),
      'oidc:e': -1,
    });
  });

  it('sends one script an operation, by its digest once the server knows it', async () => {
    await useAll();
    await redis.call('CONFIG', 'RESETSTAT');
    await useAll();
    const stats = await redis.info('commandstats');
    const count = (name: string) =>
      Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
    expect([count('evalsha'), count('eval')]).toEqual([9, 0]);
  });

  it('sends the script again where the server has forgotten it', async () => {
    await operations.saveLogin(save);
    await redis.script('FLUSH');
    await redis.call('CONFIG', 'RESETSTAT');
    expect(await operations.saveLogin(save)).toBe('ok');
    expect(await redis.info('commandstats')).toMatch(/cmdstat_eval:calls=1,/);
    expect(errors).toEqual([]);
  });

  it('sends what one turn asks for in one round trip', async () => {
    await useAll();
    const [before, after] = [await reads(), await oneTurn()];
    // The one that is asked for itself.
    expect(after - before - 1).toBeLessThanOrEqual(1);

    async function oneTurn(): Promise<number> {
      await Promise.all([
        operations.addMember(save.login),
        operations.linkToken(key, save.login, '', 60),
        operations.saveLogin(save),
      ]);
      return reads();
    }

    async function reads(): Promise<number> {
      const stats = await redis.info('stats');
      return Number(/total_reads_processed:(\d+)/.exec(stats)?.[1]);
    }
  });

  it('is the same with a client of ioredis 5', async () => {
    const client = new Redis5({ path: server.path });
    operations = operationsOf(client, 'five:');
    await useAll();
    client.disconnect();
    expect((await redis.keys('*')).every((each) => each.startsWith('five:'))).toBe(true);
  });

  it.each<[string, string, (() => Promise<unknown>)[]]>([
    [
      'x{session}',
      'what?',
      [
        () => operations.saveLogin(save),
        () => operations.renewLogin(save),
        () => operations.endSession(end),
        () => operations.readSession('session', 'web'),
      ],
    ],
    ['x{session}', '', [() => operations.saveLogin(save), () => operations.endSession(end)]],
    [
      's{session}',
      'no hash',
      [
        () => operations.saveLogin(save),
        () => operations.endSession(end),
        () => operations.settleEnd('session', '', 't'),
        () => operations.look('session'),
        () => operations.readSession('session', 'web'),
      ],
    ],
    [
      'u{user}',
      '1',
      [() => operations.addMember(save.login), () => operations.endSubject(subject)],
    ],
    [
      'u{user}',
      'a b',
      [() => operations.addMember(save.login), () => operations.endSubject(subject)],
    ],
    [
      'l{user}',
      'no set',
      [() => operations.addMember(save.login), () => operations.endSubject(subject)],
    ],
    [
      'ttoken',
      'what?',
      [
        () => operations.linkToken(key, save.login, '', 60),
        () => operations.invalidateToken(key, forced),
      ],
    ],
    ['e', 'when?', [() => operations.beginEpoch()]],
  ])(
    'fails what needs %s alone where that is %j, and changes nothing',
    async (name, text, calls) => {
      await redis.set(`oidc:${name}`, text);
      for (const call of calls) await expect(call()).rejects.toMatchObject(CORRUPT);
      expect(errors).toEqual(
        calls.map(() => expect.objectContaining({ reason: 'corrupt-record' })),
      );
      expect(await redis.keys('*')).toEqual([`oidc:${name}`]);
      expect(await redis.get(`oidc:${name}`)).toBe(text);
      expect(
        await operations.saveLogin({ ...save, login: loginAt(1, { session: 'another' }) }),
      ).toBe('ok');
    },
  );

  it.each(['last', 'ids', 'subject', 'owner', 'claimant', 'claimed', 'ended', 'answer', 'left'])(
    'fails what needs a record without its field %s',
    async (field) => {
      await operations.saveLogin(save);
      await operations.endSession(end);
      await redis.hdel('oidc:s{session}', field);
      const verdict = await redis.get('oidc:x{session}');
      const again = operations.endSession({ ...end, how: byTime(200) });
      await expect(again).rejects.toMatchObject(CORRUPT);
      expect(await redis.get('oidc:x{session}')).toBe(verdict);
    },
  );

  it.each(['i:web', 'r:web', 't:web'])('answers no record without its field %s', async (field) => {
    await operations.saveLogin(save);
    await redis.hdel('oidc:s{session}', field);
    await expect(operations.endSession(end)).rejects.toMatchObject(CORRUPT);
  });

  it('hears nothing of what is no message of this package', async () => {
    const heard: unknown[] = [];
    await new Promise<void>((resolve) => {
      operations.onEnd({ ended: (message) => heard.push(message), live: resolve });
    });
    for (const text of ['', '{', '[]', 'null', '{"event":1}', '{"event":"a","claimant":"b"}']) {
      await redis.publish('oidc:session-ended', text);
    }
    await operations.endSession(end);
    while (heard.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(heard).toEqual([{ event: 'unsaved session app', claimant: 'app', owner: 'owner' }]);
  });
});
