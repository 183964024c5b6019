import { describe, expect, it } from '@jest/globals';
import { answerWith } from './support/revocation-server.ts';
import {
  revokedRefreshTokens,
  save,
  type SessionApp,
  useSessionWorld,
  world,
} from './support/session-world.ts';
import { until } from './support/until.ts';
import { deliver, logOut } from './support/app.ts';

/** Milliseconds: 10 s, and what a busy machine adds. */
const CLOSED_WITHIN = 12_000;

useSessionWorld();

async function expectToClose({ oidc }: SessionApp): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, CLOSED_WITHIN, 'late');
  });
  const outcome = await Promise.race([oidc.close().then(() => 'closed'), late]);
  clearTimeout(timer);
  expect(outcome).toBe('closed');
}

const endOf = (app: SessionApp) => app.oidc.sessions.end({ issuer: world.op.issuer, sid: 'sid-1' });

describe('close()', () => {
  it('ends while the provider hangs, and tells what was not revoked', async () => {
    const app = world.start({ revocationTimeout: 0.1 });
    const { access_token } = await save(app, await world.issue());
    world.op.answer = () => undefined;
    await logOut(app, { access_token }).expect(200);
    await expectToClose(app);
    expect(app.revocations.map(({ outcome }) => outcome)).toEqual(['failed', 'failed']);
  });

  it('ends while revocations are delayed for longer, and leaves them in the store', async () => {
    const app = world.start({ revocationDelay: 3600 });
    await save(app, await world.issue());
    await deliver(app, await world.op.signer.logoutToken()).expect(200);
    await expectToClose(app);
    expect(app.revocations).toMatchObject([{ outcome: 'failed', reason: 'closed' }]);
    expect(world.op.requests).toEqual([]);
    const [record = ''] = await world.keys('s');
    expect(await world.admin.hget(record, 'left')).toBe('r');
  });

  it('waits for a delayed revocation, and does not hasten it', async () => {
    const app = world.start({ revocationDelay: 1 });
    const { refresh_token } = await save(app, await world.issue());
    await deliver(app, await world.op.signer.logoutToken()).expect(200);
    const closing = expectToClose(app);
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(world.op.requests).toEqual([]);
    await closing;
    expect(revokedRefreshTokens(world.op)).toEqual([refresh_token]);
  });

  it('leaves nothing in the store to be done again that was done', async () => {
    const app = world.start();
    await save(app, await world.issue());
    await endOf(app);
    await app.oidc.close();
    expect(await world.keys('s')).toEqual([]);
  });

  it('ends while a revocation waits for its repetition, and tries once more', async () => {
    const app = world.start();
    await save(app, await world.issue());
    world.op.answer = answerWith(503, '', { 'retry-after': '30' });
    await endOf(app);
    await world.op.untilAsked(1);
    await expectToClose(app);
    expect(world.op.requests).toHaveLength(2);
    expect(app.revocations).toMatchObject([{ outcome: 'failed' }]);
  });

  it('ends while calls are repeated, and Redis hangs', async () => {
    const app = world.start({ storeTimeout: 0.1 });
    const { access_token } = await save(app, await world.issue());
    const logoutToken = await world.op.signer.logoutToken();
    world.redis.pause();
    await logOut(app, { access_token }).expect(503);
    await expect(endOf(app)).rejects.toMatchObject({ code: 'ERR_OIDC_LOGOUT_STORE_UNAVAILABLE' });
    const delivered = deliver(app, logoutToken).then(({ status }) => status);
    await until(() => app.events.some(([name]) => name === 'store-error'));
    await expectToClose(app);
    expect(await delivered).toBe(400);
    world.redis.resume();
  });

  it('ends while Redis hangs that is to be asked before a delayed revocation', async () => {
    const app = world.start({ storeTimeout: 0.1, revocationDelay: 1 });
    await save(app, await world.issue());
    await deliver(app, await world.op.signer.logoutToken()).expect(200);
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    world.redis.pause();
    await expectToClose(app);
    world.redis.resume();
    expect(world.op.requests).toEqual([]);
    expect(app.revocations).toMatchObject([{ outcome: 'failed', reason: 'STORE_UNAVAILABLE' }]);
  });
});
