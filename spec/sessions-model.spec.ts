import { afterAll, beforeAll, describe, it } from '@jest/globals';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { createSigner } from './support/provider.ts';
import { startRedisFaults } from './support/redis-faults.ts';
import { type RedisServer, startRedisServer } from './support/redis-server.ts';
import { type RevocationServer, startRevocationServer } from './support/revocation-server.ts';
import { type SessionApp, startSessionApp } from './support/session-app.ts';
import { startSessionProcess } from './support/session-process.ts';
import { checkWorld } from './support/session-promises.ts';
import { type Command, SessionWorld } from './support/session-model-world.ts';

// More of them: SESSION_RUNS=1000, and others: SESSION_SEED=7.
const RUNS = Number(process.env.SESSION_RUNS ?? 60);
const SEED = Number(process.env.SESSION_SEED ?? 1);
// One run alone: SESSION_PATH, as a failure names it.
const { SESSION_PATH } = process.env;
const PATH = SESSION_PATH === undefined ? {} : { path: SESSION_PATH };
const FOREVER = 0x7fff_ffff;

const KINDS: { arbitrary: fc.Arbitrary<Command['kind']>; weight: number }[] = [
  ...(['login', 'logout', 'logout-token', 'again'] as const).map((kind) => ({
    arbitrary: fc.constant(kind),
    weight: 4,
  })),
  ...(['issue', 'save', 'rotate', 'guard', 'front', 'end-sid', 'end-user'] as const).map(
    (kind) => ({
      arbitrary: fc.constant(kind),
      weight: 2,
    }),
  ),
];

const command: fc.Arbitrary<Command> = fc.record({
  kind: fc.oneof(...KINDS),
  app: fc.constantFrom(0, 1),
  pick: fc.nat({ max: 9 }),
  step: fc.constantFrom(0, 1, 1, 2, 20),
  late: fc.constantFrom(0, 0, 1, 2, 10),
  authTime: fc.constantFrom('now', 'now', 'before', 'none'),
  by: fc.constantFrom('sid', 'sub', 'both'),
});

const batches = fc.array(fc.array(command, { minLength: 1, maxLength: 3 }), {
  minLength: 2,
  maxLength: 8,
});

/** A batch during which the reply to one script of one app is lost, or none. */
const faultyBatches = fc.array(
  fc.record({
    commands: fc.array(command, { minLength: 1, maxLength: 3 }),
    app: fc.constantFrom(0, 1),
    after: fc.option(fc.nat({ max: 4 })),
  }),
  { minLength: 2, maxLength: 6 },
);

describe('two processes with one Redis, whatever comes in whatever order', () => {
  let redis: RedisServer;
  let provider: RevocationServer;
  const closings: (() => Promise<void>)[] = [];
  let worlds = 0;

  beforeAll(async () => {
    redis = await startRedisServer();
    provider = await startRevocationServer();
    provider.signer = await createSigner(provider.issuer, { alg: 'ES256' });
  });

  afterAll(async () => {
    for (const close of closings) await close();
    await provider.close();
    await redis.close();
  });

  function check<T>(all: fc.Arbitrary<T>, runs: number, run: (all: T) => Promise<void>) {
    const parameters = { numRuns: Math.ceil(RUNS * runs), seed: SEED, endOnFailure: true };
    return fc.assert(fc.asyncProperty(all, run), { ...parameters, ...PATH });
  }

  function start(client: Redis, storeTimeout: number): Promise<SessionApp> {
    return startSessionApp(client, { signer: provider.signer, storeTimeout });
  }

  function worldOf(apps: readonly SessionApp[], hasFaults: boolean): SessionWorld {
    return new SessionWorld(apps, { provider, name: `w${++worlds}`, hasFaults });
  }

  it(
    'no ended login is let in, no other is kept out, and each end is told and revoked once',
    async () => {
      const apps = [await start(redis.connect(), 10), await start(redis.connect(), 10)];
      closings.unshift(...apps.map((app) => () => app.close()));
      await check(batches, 1, async (all) => {
        const world = worldOf(apps, false);
        for (const commands of all) {
          await world.doAll(commands);
          await world.guardAll();
        }
        await checkWorld(world, { hasFaults: false });
      });
    },
    FOREVER,
  );

  it(
    'the same where replies of Redis are lost, and each end is told and revoked at least once',
    async () => {
      const faults = [await startRedisFaults(redis.path), await startRedisFaults(redis.path)];
      const clients = faults.map(({ path }, index) => {
        // What ioredis does itself with what it was not answered: the one sends it again, the other does not.
        const options = {
          path,
          retryStrategy: () => 5,
          autoResendUnfulfilledCommands: index === 0,
        };
        return new Redis(options).on('error', () => undefined);
      });
      const apps = await Promise.all(clients.map((client) => start(client, 5)));
      closings.unshift(...apps.map((app) => () => app.close()));
      closings.push(async () => {
        for (const client of clients) client.disconnect();
        for (const fault of faults) await fault.close();
      });
      await check(faultyBatches, 0.1, async (all) => {
        const world = worldOf(apps, true);
        for (const { commands, app, after } of all) {
          if (after !== null) faults[app]?.loseReply(after);
          await world.doAll(commands);
          for (const fault of faults) fault.calm();
          await world.guardAll();
        }
        await checkWorld(world, { hasFaults: true });
      });
    },
    FOREVER,
  );

  it(
    'the same where a process is killed in the midst, and its calls are sent to the other one',
    async () => {
      const fault = await startRedisFaults(redis.path);
      const settings = { signer: provider.signer, storeTimeout: 5 };
      const mortal = await startSessionProcess({ ...settings, redisPath: fault.path });
      const apps = [await start(redis.connect(), 5), mortal];
      closings.unshift(...apps.map((app) => () => app.close()));
      closings.push(() => fault.close());
      await check(faultyBatches, 0.05, async (all) => {
        const world = worldOf(apps, true);
        for (const { commands, after } of all) {
          if (after !== null) fault.loseReply(after, mortal.kill);
          await world.doAll(commands);
          fault.calm();
          if (!mortal.isAlive) await mortal.restart();
          await world.guardAll();
        }
        await world.repeatFailed();
        await world.guardAll();
        await checkWorld(world, { hasFaults: true, hasDied: true });
      });
    },
    FOREVER,
  );
});
