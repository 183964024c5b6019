import { describe, expect, it } from '@jest/globals';
import type { StoreWarningEvent } from '../../lib/index.ts';
import { call, logOut } from '../support/app.ts';
import { setTime } from '../support/clock.ts';
import {
  now,
  save,
  type SessionApp,
  type SessionAppOptions,
  useSessionWorld,
  world,
} from '../support/session-world.ts';
import { until } from '../support/until.ts';

const LOST = { setting: 'memory', found: 'empty', expected: 'kept' };

useSessionWorld();

type Warned = SessionApp & { warnings: StoreWarningEvent[] };

/** An app that has seen since when the memory of Redis is complete: since some seconds ago. */
async function startWith(options: SessionAppOptions = {}): Promise<Warned> {
  await world.admin.set('oidc1:e', now() - 1000);
  const app = world.start(options);
  const warnings: StoreWarningEvent[] = [];
  app.oidc.on('store-warning', (event) => warnings.push(event));
  await call(app, await world.op.signer.accessToken()).expect(200);
  return { ...app, warnings };
}

/** Redis forgets everything, and nothing else notices. */
const LOSSES: [string, () => Promise<void>][] = [
  ['was flushed', () => world.redis.flush()],
  [
    'started anew without its data',
    async () => {
      await world.redis.kill();
      await world.redis.restart();
    },
  ],
];

async function untilBack(app: SessionApp, access_token: string): Promise<void> {
  await until(async () => (await call(app, access_token)).status !== 503);
}

describe.each(LOSSES)('Redis that %s', (_how, lose) => {
  it('accepts everybody by default, and tells once', async () => {
    const app = await startWith();
    const ended = await save(app, await world.issue({ iat: now() - 10 }));
    const alive = await save(app, await world.issue({ iat: now() - 10, sid: 'sid-2' }));
    await logOut(app, { access_token: ended.access_token }).expect(200);
    await lose();
    await untilBack(app, alive.access_token);
    await call(app, alive.access_token).expect(200);
    await call(app, ended.access_token).expect(200);
    expect(app.warnings).toEqual([LOST]);
    await until(async () => (await world.keys('e')).length === 1);
    await call(app, alive.access_token).expect(200);
    expect(app.warnings).toEqual([LOST]);
  });

  it('lets in nobody who logged in before, with onStoreLoss: refuse, and tells once', async () => {
    const app = await startWith({ onStoreLoss: 'refuse' });
    const ended = await save(app, await world.issue({ iat: now() - 10 }));
    const alive = await save(app, await world.issue({ iat: now() - 10, sid: 'sid-2' }));
    await logOut(app, { access_token: ended.access_token }).expect(200);
    await lose();
    await untilBack(app, alive.access_token);
    await call(app, alive.access_token).expect(401);
    await call(app, ended.access_token).expect(401);
    expect(app.warnings).toEqual([LOST]);
    await until(async () => (await world.keys('e')).length === 1);
    await call(app, alive.access_token).expect(401);
    await call(app, await world.op.signer.accessToken({ iat: now() - 10 })).expect(401);
    expect(app.warnings).toEqual([LOST]);
  });

  it('lets in who logs in afterwards, with onStoreLoss: refuse', async () => {
    const app = await startWith({ onStoreLoss: 'refuse' });
    const before = await save(app, await world.issue({ iat: now() - 10 }));
    await lose();
    await untilBack(app, before.access_token);
    await until(async () => (await world.keys('e')).length === 1);
    setTime(Date.now() + 2000);
    const after = await save(app, await world.issue());
    await call(app, after.access_token).expect(200);
    const unsaved = await world.op.signer.accessToken({ sid: 'sid-3' });
    await call(app, unsaved).expect(200);
    const refreshed = await world.op.signer.accessToken({ sid: 'sid-3', auth_time: now() - 60 });
    await call(app, refreshed).expect(401);
    expect(app.warnings).toEqual([LOST]);
  });

  it('refuses to save or rotate a login from before, with onStoreLoss: refuse', async () => {
    const app = await startWith({ onStoreLoss: 'refuse' });
    const before = await save(app, await world.issue({ iat: now() - 10 }));
    const late = await world.issue({ iat: now() - 5, sid: 'sid-2' });
    await lose();
    await untilBack(app, before.access_token);
    const ended = { code: 'ERR_OIDC_LOGOUT_SESSION_ENDED' };
    await expect(app.oidc.sessions.save(late)).rejects.toMatchObject(ended);
    const fresh = await world.issue();
    await expect(app.oidc.sessions.rotate(before, fresh)).rejects.toMatchObject(ended);
    await call(app, late.access_token).expect(401);
    await call(app, fresh.access_token).expect(401);
  });
});

describe('a memory that is lost twice', () => {
  it('is told twice', async () => {
    const app = await startWith();
    const access_token = await world.op.signer.accessToken();
    for (let loss = 1; loss <= 2; loss++) {
      await world.redis.flush();
      await call(app, access_token).expect(200);
      await until(async () => (await world.keys('e')).length === 1);
      await call(app, access_token).expect(200);
      expect(app.warnings).toEqual(Array.from({ length: loss }, () => LOST));
    }
  });
});

describe('a process that did not see the loss', () => {
  it('refuses by what stands in the store, and tells', async () => {
    const app = await startWith({ onStoreLoss: 'refuse' });
    const access_token = await world.op.signer.accessToken({ iat: now() - 10 });
    await call(app, access_token).expect(200);
    await world.redis.flush();
    await world.admin.set('oidc1:e', now());
    await call(app, access_token).expect(401);
    expect(app.warnings).toEqual([LOST]);
  });

  it('refuses by what stands in the store, where it starts afterwards', async () => {
    await world.admin.set('oidc1:e', now() - 60);
    const app = world.start({ onStoreLoss: 'refuse' });
    const warnings: StoreWarningEvent[] = [];
    app.oidc.on('store-warning', (event) => warnings.push(event));
    await call(app, await world.op.signer.accessToken({ iat: now() - 61 })).expect(401);
    await call(app, await world.op.signer.accessToken({ iat: now() - 59 })).expect(200);
    expect(warnings).toEqual([]);
  });
});

describe('a memory that is not lost', () => {
  it.each(['accept', 'refuse'] as const)('is told by nobody, with %s', async (onStoreLoss) => {
    const app = await startWith({ onStoreLoss });
    const { access_token } = await save(app, await world.issue());
    await world.admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await until(async () => (await call(app, access_token)).status === 200);
    expect(app.warnings).toEqual([]);
  });

  it('of a process alone is never refused for', async () => {
    const app = world.start({ redis: undefined, onStoreLoss: 'refuse' });
    const { access_token } = await save(app, await world.issue({ iat: now() + 2 }));
    await call(app, access_token).expect(200);
  });
});
