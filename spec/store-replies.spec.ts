import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import request from 'supertest';
import { type App, appWith, BACK_CHANNEL_LOGOUT, call, LOGOUT, optionsFor } from './support/app.ts';
import { createSigner, type Signer } from './support/provider.ts';
import { type RedisServer, startRedisServer } from './support/redis-server.ts';
import { type RedisWire, startRedisWire } from './support/redis-wire.ts';
import { until } from './support/until.ts';

interface World {
  readonly redis: RedisServer;
  readonly wire: RedisWire;
  /** Straight to Redis. */
  readonly admin: Redis;
  /** Of the app, by the wire. */
  readonly client: Redis;
  readonly app: App;
}

interface State {
  begin(world: World): unknown;
  end(world: World): unknown;
  /** What the guard answers meanwhile. */
  readonly guard: 200 | 503;
  /** What a Logout Token is answered meanwhile; 400 by default. */
  readonly provider?: 200;
  readonly reason: string | RegExp;
}

let signer: Signer;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  signer = await createSigner();
});

afterAll(async () => {
  for (const close of closing) await close();
});

async function startWorld(): Promise<World> {
  const redis = await startRedisServer();
  const wire = await startRedisWire(redis.path);
  const client = new Redis({ path: wire.path, retryStrategy: () => 20 });
  client.on('error', () => undefined);
  const app = appWith({ ...optionsFor(signer), redis: client, storeTimeout: 2 });
  closing.push(async () => {
    await app.oidc.close();
    client.disconnect();
    await wire.close();
    await redis.close();
  });
  return { redis, wire, admin: redis.connect(), client, app };
}

function acl(...rules: string[]): (world: World) => Promise<unknown> {
  return ({ admin }) => admin.call('ACL', 'SETUSER', 'default', ...rules);
}

const COMMAND = /\*\d+\r\n\$\d+\r\n[a-z]+\r\n/gi;

/** Has every command be answered so. */
function reply(bytes: string, reason: State['reason']): State {
  return {
    begin({ wire }) {
      let asked = 0;
      wire.ask = (request) => {
        asked += request.match(COMMAND)?.length ?? 0;
        return request;
      };
      wire.answer = () => {
        const replies = bytes.repeat(asked);
        asked = 0;
        return replies;
      };
    },
    end: ({ wire }) => (wire.answer = (answer) => answer),
    ...{ guard: 503, reason },
  };
}

function config(setting: string, bad: string, good: string): Pick<State, 'begin' | 'end'> {
  return {
    begin: ({ admin }) => admin.config('SET', setting, bad),
    end: ({ admin }) => admin.config('SET', setting, good),
  };
}

const STATES: [name: string, state: State][] = [
  ['OOM', { ...config('maxmemory', '1', '0'), guard: 200, reason: 'OOM' }],
  [
    'NOREPLICAS',
    { ...config('min-replicas-to-write', '1', '0'), guard: 200, reason: 'NOREPLICAS' },
  ],
  [
    'READONLY',
    {
      begin: ({ admin }) => admin.replicaof('127.0.0.1', '1'),
      end: ({ admin }) => admin.replicaof('NO', 'ONE'),
      guard: 200,
      reason: 'READONLY',
    },
  ],
  [
    'MASTERDOWN',
    {
      async begin({ admin }) {
        await admin.config('SET', 'replica-serve-stale-data', 'no');
        await admin.replicaof('127.0.0.1', '1');
      },
      async end({ admin }) {
        await admin.replicaof('NO', 'ONE');
        await admin.config('SET', 'replica-serve-stale-data', 'yes');
      },
      guard: 503,
      reason: 'MASTERDOWN',
    },
  ],
  [
    'BUSY',
    {
      async begin({ admin, redis }) {
        await admin.config('SET', 'busy-reply-threshold', '1');
        const busy = redis.connect();
        await busy.ping();
        busy.eval('while true do end', 0).catch(() => undefined);
        await until(() =>
          admin.get('x').then(
            () => false,
            () => true,
          ),
        );
      },
      end: ({ admin }) => admin.call('SCRIPT', 'KILL'),
      guard: 503,
      reason: 'BUSY',
    },
  ],
  [
    'NOPERM of reading',
    {
      begin: acl('-mget'),
      end: acl('+mget'),
      guard: 503,
      // Each is one script, and reads nothing before.
      provider: 200,
      reason: 'NOPERM',
    },
  ],
  [
    'NOPERM of all keys',
    {
      begin: acl('resetkeys'),
      end: acl('allkeys'),
      guard: 503,
      reason: 'NOPERM',
    },
  ],
  [
    'NOPERM of writing',
    {
      begin: acl('-eval', '-evalsha', '-set'),
      end: acl('+eval', '+evalsha', '+set'),
      guard: 200,
      reason: 'NOPERM',
    },
  ],
  ['LOADING', reply('-LOADING Redis is loading the dataset in memory\r\n', 'LOADING')],
  ['NOAUTH', reply('-NOAUTH Authentication required.\r\n', 'NOAUTH')],
  ['MISCONF', reply('-MISCONF Errors writing to the AOF file\r\n', 'MISCONF')],
  ['NOSCRIPT', reply('-NOSCRIPT No matching script.\r\n', 'NOSCRIPT')],
  ['an error that begins with no code', reply('-oops token\r\n', 'ReplyError')],
  ['WRONGTYPE', reply('-WRONGTYPE Operation against a key\r\n', 'corrupt-record')],
  ['a number', reply(':1\r\n', 'TypeError')],
  ['a word', reply('+OK\r\n', /^(TypeError|corrupt-record)$/)],
  ['nothing', reply('$-1\r\n', /^(TypeError|corrupt-record)$/)],
  [
    'NOAUTH to everybody, after its password was changed',
    {
      async begin({ admin, client }) {
        await admin.config('SET', 'requirepass', 'secret');
        await admin.call('CLIENT', 'KILL', 'TYPE', 'normal');
        await until(() => client.status !== 'ready');
      },
      end: ({ admin }) => admin.config('SET', 'requirepass', ''),
      guard: 503,
      reason: /^(not-connected|timeout)$/,
    },
  ],
  ['ERR max number of clients', reply('-ERR max number of clients reached\r\n', 'ERR')],
];

describe('while Redis answers', () => {
  // Side by side, because a Logout Token is tried again for a while: each with a Redis of its own.
  it.concurrent.each(STATES)(
    '%s: 503, 400 to the provider, and all that was told meanwhile ends when it is back',
    async (_name, state) => {
      const world = await startWorld();
      const { app, client } = world;
      const access_token = await signer.accessToken();
      const tokens = { access_token, id_token: await signer.idToken() };
      await app.oidc.sessions.save(tokens);
      await call(app, access_token).expect(200);
      app.events.splice(0);

      const reason: unknown =
        state.reason instanceof RegExp ? expect.stringMatching(state.reason) : state.reason;
      await state.begin(world);
      const guarded = await call(app, access_token);
      expect([guarded.status, guarded.headers['retry-after']]).toEqual([
        state.guard,
        state.guard === 503 ? '1' : undefined,
      ]);
      await request(app.app)
        .post(LOGOUT)
        .send({ access_token })
        .expect(503)
        .expect('Retry-After', '1')
        .expect((answer) => {
          expect(answer.body).toEqual({
            error: 'temporarily_unavailable',
            error_description: 'The invalidation list is not reachable',
          });
        });
      const logout_token = await signer.logoutToken();
      await request(app.app)
        .post(BACK_CHANNEL_LOGOUT)
        .type('form')
        .send({ logout_token })
        .expect(state.provider ?? 400)
        .expect('Cache-Control', 'no-store');
      await expect(app.oidc.sessions.save(tokens)).rejects.toMatchObject(
        state.provider === 200
          ? { code: 'ERR_OIDC_LOGOUT_SESSION_ENDED' }
          : { code: 'ERR_OIDC_LOGOUT_STORE_UNAVAILABLE', reason },
      );
      expect(app.events.length).toBeGreaterThan(0);
      const ended = app.events.filter(([name]) => name === 'invalidated');
      expect(ended.map(([, event]) => (event as { kind: string }).kind)).toEqual(
        state.provider === 200 ? ['session', 'access-token'] : [],
      );
      for (const event of app.events.filter(([name]) => name !== 'invalidated')) {
        expect(event).toEqual(['store-error', { operation: expect.any(String), reason }]);
      }
      await state.end(world);

      // What could not be stored is repeated.
      await until(async () => (await call(app, access_token)).status === 401);
      await request(app.app).post(LOGOUT).send({ access_token }).expect(200);
      await call(app, access_token).expect(401);
      const { offlineQueue, commandQueue } = client as unknown as Record<
        string,
        { length: number }
      >;
      await until(() => offlineQueue?.length === 0 && commandQueue?.length === 0);
    },
  );
});
