import { afterEach, describe, expect, it } from '@jest/globals';
import { type LogoutTokenDelayedEvent, StoreUnavailableError } from '../../lib/index.ts';
import { call, deliver } from '../support/app.ts';
import {
  type Claims,
  type ProviderServer,
  serveMetadata,
  startProviderServer,
  createSigner,
} from '../support/provider.ts';
import {
  now,
  save,
  type SessionApp,
  type SessionAppOptions,
  useSessionWorld,
  world,
} from '../support/session-world.ts';
import { until } from '../support/until.ts';

/** Milliseconds for which oidc-provider waits for an answer. */
const GIVEN_UP_AFTER = 2500;

const UNAVAILABLE = {
  error: 'temporarily_unavailable',
  error_description: 'The invalidation list is not reachable',
};

useSessionWorld();

function listen(options: SessionAppOptions = {}): SessionApp & {
  delayed: LogoutTokenDelayedEvent[];
} {
  const app = world.start(options);
  const delayed: LogoutTokenDelayedEvent[] = [];
  app.oidc.on('logout-token-delayed', (event) => delayed.push(event));
  return { ...app, delayed };
}

/** Resolves when a call to the store has failed. */
async function untilStoreFails({ events }: SessionApp): Promise<void> {
  await until(() => events.some(([name]) => name === 'store-error'));
}

describe('a Logout Token while Redis is away', () => {
  it('takes effect within its request where Redis is back within 1.5 s', async () => {
    const app = listen({ storeTimeout: 0.1 });
    const { access_token } = await save(app, await world.issue());
    const logoutToken = await world.op.signer.logoutToken();
    world.redis.pause();
    const answer = deliver(app, logoutToken).then(({ status }) => status);
    await untilStoreFails(app);
    world.redis.resume();
    expect(await answer).toBe(200);
    await call(app, access_token).expect(401);
    expect([app.ended.length, app.delayed]).toEqual([1, []]);
  });

  it('takes effect within its request where Redis starts anew at once', async () => {
    const app = listen();
    const access_token = await world.op.signer.accessToken();
    await world.redis.kill();
    const token = await world.op.signer.logoutToken();
    const answer = deliver(app, token).then(({ status }) => status);
    await untilStoreFails(app);
    await world.redis.restart();
    expect(await answer).toBe(200);
    await call(app, access_token).expect(401);
    expect(app.delayed).toEqual([]);
  });

  it.each<[string, Claims]>([
    ['of the sid and sub', {}],
    ['of the sid alone', { sub: undefined }],
    ['of the sub alone', { sid: undefined }],
  ])(
    '%s is answered 400 within 2 s, and takes effect when Redis is back',
    async (_what, claims) => {
      const app = listen({ storeTimeout: 0.2 });
      const saved = await save(app, await world.issue());
      const token = await world.op.signer.logoutToken(claims);
      world.redis.pause();
      const answer = await deliver(app, token).timeout(GIVEN_UP_AFTER);
      expect([answer.status, answer.body]).toEqual([400, UNAVAILABLE]);
      const { issuer } = world.op;
      const { sid } = { sid: 'sid-1', ...claims };
      const kept = { outcome: 'kept', reason: expect.any(String), issuer, sid };
      expect(app.delayed).toEqual([kept]);
      world.redis.resume();
      await until(() => app.delayed.length === 2);
      const tookEffect = { outcome: 'took-effect', reason: undefined, issuer, sid };
      expect(app.delayed).toEqual([kept, tookEffect]);
      await call(app, saved.access_token).expect(401);
      expect(app.ended).toHaveLength(1);
      await world.op.untilAsked(1);
    },
  );

  it('spares a newer login when it takes effect later', async () => {
    const app = listen({ storeTimeout: 0.1, clockTolerance: 0 });
    const past = now() - 30;
    const old = await save(app, await world.issue({ iat: past }));
    const logoutToken = await world.op.signer.logoutToken({ iat: past });
    world.redis.pause();
    await deliver(app, logoutToken).expect(400);
    world.redis.resume();
    const newer = await save(world.start(), await world.issue({ iat: past + 10 }));
    await until(() => app.delayed.length === 2);
    await call(app, newer.access_token).expect(200);
    await call(app, old.access_token).expect(401);
  });

  it('is kept once, however often the provider sends it', async () => {
    const app = listen({ storeTimeout: 0.1 });
    await save(app, await world.issue());
    const token = await world.op.signer.logoutToken();
    world.redis.pause();
    const statuses = await Promise.all(
      Array.from({ length: 5 }, () => deliver(app, token).then(({ status }) => status)),
    );
    world.redis.resume();
    await until(() => app.delayed.length === 2);
    expect(statuses).toEqual([400, 400, 400, 400, 400]);
    expect(app.delayed.map(({ outcome }) => outcome)).toEqual(['kept', 'took-effect']);
    expect(app.ended).toHaveLength(1);
  });

  it('is kept for 1000 sessions at most: what does not fit is told as lost, and an end of the app has room', async () => {
    const app = listen({ storeTimeout: 0.1 });
    const { access_token } = await save(app, await world.issue({ sid: 'sid-app' }));
    const tokens = await Promise.all(
      Array.from({ length: 1010 }, (_, count) =>
        world.op.signer.logoutToken({ sid: `sid-${count}` }),
      ),
    );
    world.redis.pause();
    const answers = await Promise.all(tokens.map((token) => deliver(app, token)));
    const end = app.oidc.sessions.end({ issuer: world.op.issuer, sid: 'sid-app' });
    await expect(end).rejects.toThrow(StoreUnavailableError);
    world.redis.resume();
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([400]));
    await until(
      () => app.delayed.filter(({ outcome }) => outcome !== 'took-effect').length >= 1010,
    );
    const lost = app.delayed.filter(({ outcome }) => outcome === 'lost');
    expect(lost).toHaveLength(10);
    await until(async () => (await call(app, access_token)).status === 401);
  });

  it('is forgotten by close()', async () => {
    const app = listen({ storeTimeout: 0.1 });
    await save(app, await world.issue());
    world.redis.pause();
    await deliver(app, await world.op.signer.logoutToken()).expect(400);
    await app.oidc.close();
    world.redis.resume();
    expect(app.delayed.map(({ outcome }) => outcome)).toEqual(['kept']);
  });
});

describe('a Logout Token while the keys of the provider are away', () => {
  let provider: ProviderServer;

  async function startWithout(keysAnswer: 'refuse' | 'hang') {
    provider = await startProviderServer();
    const signer = await createSigner(provider.issuer);
    const app = listen({
      providerTimeout: 0.3,
      provider: { issuer: provider.issuer, metadata: undefined, jwks: undefined } as never,
    });
    provider.answer = (_req, res) => {
      if (keysAnswer === 'refuse') res.writeHead(503).end();
    };
    return { app, signer };
  }

  afterEach(() => provider.close());

  it.each(['refuse', 'hang'] as const)(
    'is answered 400 where they %s, kept unverified, and takes effect later',
    async (keysAnswer) => {
      const { app, signer } = await startWithout(keysAnswer);
      const access_token = await signer.accessToken({ iat: now() - 5 });
      await deliver(app, await signer.logoutToken()).expect(400);
      expect(app.delayed).toMatchObject([{ outcome: 'kept', issuer: undefined, sid: undefined }]);
      provider.answer = serveMetadata(provider.issuer, [signer.jwk]);
      await until(() => app.delayed.length === 2);
      const { issuer } = provider;
      expect(app.delayed[1]).toMatchObject({ outcome: 'took-effect', issuer, sid: 'sid-1' });
      await call(app, access_token).expect(401);
    },
  );

  it('is refused later where it is not authentic', async () => {
    const { app, signer } = await startWithout('refuse');
    const forger = await createSigner(provider.issuer);
    const refused: unknown[] = [];
    app.oidc.on('logout-token-refused', (event) => refused.push(event));
    await deliver(app, await forger.logoutToken()).expect(400);
    provider.answer = serveMetadata(provider.issuer, [signer.jwk]);
    await until(() => app.delayed.length === 2);
    expect(app.delayed.map(({ outcome }) => outcome)).toEqual(['kept', 'refused']);
    expect(refused).toMatchObject([{ reason: 'wrong-signature', issuer: provider.issuer }]);
    expect([app.ended, await world.keys('x')]).toEqual([[], []]);
  });

  it('that is no token at all is refused at once, and not kept', async () => {
    const { app } = await startWithout('refuse');
    await deliver(app, 'forged').expect(400);
    await deliver(app, await (await createSigner('https://else.example.com')).logoutToken()).expect(
      400,
    );
    expect([app.delayed, provider.requests]).toEqual([[], []]);
  });
});
