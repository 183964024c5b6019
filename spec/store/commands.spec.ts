import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { call, deliver, logOut } from '../support/app.ts';
import {
  type Login,
  save,
  type SessionApp,
  useSessionWorld,
  world,
} from '../support/session-world.ts';
import { until } from '../support/until.ts';

let monitor: Redis;
let commands: string[];

afterAll(() => {
  monitor.disconnect();
});

useSessionWorld();

beforeAll(async () => {
  const connection = world.redis.connect();
  monitor = await connection.monitor();
  monitor.on('monitor', (_time: string, [name = '', ...values]: string[], source: string) => {
    // What a script does within Redis is a part of its one command.
    if (source !== 'lua') commands.push([name.toLowerCase(), ...values].join(' '));
  });
});

beforeEach(() => {
  commands = [];
});

/** The names of the commands that Redis was sent since then; commands of the specs themselves are marks. */
async function since(act: () => Promise<unknown>): Promise<string[]> {
  await mark();
  commands = [];
  await act();
  await mark();
  return commands
    .splice(0)
    .map(nameOf)
    .filter((name) => name !== 'echo');
}

let serial = 0;

// Whatever Redis ran before the mark was seen before the mark.
async function mark(): Promise<void> {
  const text = `mark-${++serial}`;
  await world.admin.echo(text);
  await until(() => commands.includes(`echo ${text}`));
}

function nameOf(command: string): string {
  return command.split(' ', 1)[0] ?? '';
}

/** What comes later of itself, when there is nothing left to do about a session. */
async function later(count: number): Promise<string[]> {
  await until(() => commands.filter((command) => nameOf(command) !== 'echo').length >= count);
  await mark();
  return commands
    .splice(0)
    .map(nameOf)
    .filter((name) => name !== 'echo');
}

/** An app that has used every script, so that Redis knows them. */
async function start(revocationDelay = 0): Promise<SessionApp> {
  const app = world.start({ revocationDelay });
  const used = { sub: 'used', sid: undefined };
  const own = await save(app, await world.issue(used));
  const fresh = await world.issue(used);
  await app.oidc.sessions.rotate(own, fresh);
  await logOut(app, { access_token: fresh.access_token }).expect(200);
  const unsaved = await world.op.signer.accessToken({ sub: 'used', sid: 'used' });
  await logOut(app, { access_token: unsaved }).expect(200);
  await app.oidc.sessions.end({ issuer: world.op.issuer, sub: 'used' });
  await call(app, await world.op.signer.accessToken({ sub: 'other', sid: 'other' })).expect(200);
  await until(async () => app.revocations.length >= 3 && (await world.keys('e')).length === 1);
  await mark();
  commands = [];
  return app;
}

describe('the commands of', () => {
  it('save are four, and of rotate six', async () => {
    const app = await start();
    const own = await world.issue();
    const fresh = await world.issue();
    const saved = await since(() => save(app, own));
    expect(saved).toEqual(['evalsha', 'evalsha', 'evalsha', 'evalsha']);
    const rotated = await since(() => app.oidc.sessions.rotate(own, fresh));
    expect(rotated.sort()).toEqual([...saved, 'expire', 'mget']);
  });

  it('a logout of a saved login are three, and one after its answer', async () => {
    const app = await start();
    const { access_token, refresh_token } = await save(app, await world.issue());
    world.op.answer = (res) => void held.push(() => res.end());
    const held: (() => void)[] = [];
    const asked = await since(async () => {
      const logout = logOut(app, { access_token, refresh_token }).then(({ status }) => status);
      await until(() => held.length > 0);
      await mark();
      expect(commands.filter((command) => nameOf(command) !== 'echo')).toHaveLength(3);
      while (held.length > 0) {
        held.shift()?.();
        await until(() => held.length > 0 || app.revocations.length >= 5);
      }
      expect(await logout).toBe(200);
    });
    const after = await later(0);
    expect([...asked, ...after]).toEqual(['mget', 'evalsha', 'set', 'evalsha']);
  });

  it.each<[string, object]>([
    ['its sid and sub', {}],
    ['its sid alone', { sub: undefined }],
  ])(
    'a Logout Token of %s are one, two later, and one where it comes again',
    async (_w, claims) => {
      const app = await start(1);
      await save(app, await world.issue());
      const logoutToken = await world.op.signer.logoutToken({ ...claims });
      const first = await since(() => deliver(app, logoutToken).expect(200));
      const again = await since(() => deliver(app, logoutToken).expect(200));
      expect([first, again]).toEqual([['evalsha'], ['evalsha']]);
      expect(await later(2)).toEqual(['hmget', 'evalsha']);
    },
  );

  it('a Logout Token of the sub are four for three sessions, and six later', async () => {
    const app = await start(1);
    for (const sid of ['sid-1', 'sid-2', 'sid-3']) await save(app, await world.issue({ sid }));
    const logoutToken = await world.op.signer.logoutToken({ sid: undefined });
    const first = await since(() => deliver(app, logoutToken).expect(200));
    expect(first).toEqual(['evalsha', 'evalsha', 'evalsha', 'evalsha']);
    expect((await later(6)).sort()).toEqual([
      ...['evalsha', 'evalsha', 'evalsha'],
      ...['hmget', 'hmget', 'hmget'],
    ]);
  });

  it('an administrator are one by the sid, and one later', async () => {
    const app = await start();
    await save(app, await world.issue());
    await since(() => Promise.resolve());
    await app.oidc.sessions.end({ issuer: world.op.issuer, sid: 'sid-1' });
    expect(await later(2)).toEqual(['evalsha', 'evalsha']);
  });

  it.each<[string, (app: SessionApp) => Promise<string>, string[]]>([
    ['a new JWT with a sid', () => world.op.signer.accessToken(), ['mget']],
    ['a new JWT without a sid', () => world.op.signer.accessToken({ sid: undefined }), ['mget']],
    [
      'a saved JWT with a sid',
      async (app) => tokenOf(await save(app, await world.issue())),
      ['mget'],
    ],
    [
      'a saved JWT without a sid',
      async (app) => tokenOf(await save(app, await world.issue({ sid: undefined }))),
      ['mget', 'mget'],
    ],
    [
      'an opaque token',
      async (app) => {
        await save(app, { ...(await world.issue()), access_token: 'opaque' });
        return 'opaque';
      },
      ['mget', 'mget'],
    ],
  ])('the guard for %s', async (_what, issue, expected) => {
    const app = await start();
    const access_token = await issue(app);
    const first = await since(() => call(app, access_token).expect(200));
    const again = await since(() => call(app, access_token).expect(200));
    expect([first, again]).toEqual([expected, ['mget']]);
  });
});

const tokenOf = ({ access_token }: Login) => access_token;
