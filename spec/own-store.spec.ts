import { beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import type { InvalidationEntry, InvalidationWatcher, NearCacheOptions } from '../lib/index.ts';
import { MemoryInvalidationList } from '../lib/invalidation/memory.ts';
import { MemorySessionStore } from '../lib/session/memory.ts';
import {
  type App,
  appWith,
  BACK_CHANNEL_LOGOUT,
  call,
  LOGGED_OUT,
  LOGOUT,
  optionsFor,
} from './support/app.ts';
import { createSigner, type Signer } from './support/provider.ts';

describe('two processes with a store of the app', () => {
  let signer: Signer;
  let shared: MemoryInvalidationList;
  let sessionStore: MemorySessionStore;
  let one: App;
  let other: App;
  let beforeAdd: (entries: readonly InvalidationEntry[]) => Promise<void>;

  beforeEach(async () => {
    signer = await createSigner();
    shared = new MemoryInvalidationList();
    sessionStore = new MemorySessionStore();
    beforeAdd = () => Promise.resolve();
    const slow = {
      check: (keys: readonly string[]) => {
        if (keys.length === 0) throw new Error('a look-up of nothing');
        return shared.check(keys);
      },
      async add(entries: readonly InvalidationEntry[]) {
        if (entries.length === 0) throw new Error('an addition of nothing');
        await beforeAdd(entries);
        await shared.add(entries);
      },
    };
    one = appWith({ ...optionsFor(signer), invalidationList: slow, sessionStore });
    other = appWith({ ...optionsFor(signer), invalidationList: shared, sessionStore });
  });

  async function statusOf(access_token: string, app: App): Promise<number> {
    return (await call(app, access_token)).status;
  }

  /** Holds back what the first process adds to the list until it is released. */
  function holdAdditions() {
    let release!: () => void;
    const released = new Promise<void>((resolve) => (release = resolve));
    const arrived = new Promise<void>((resolve) => {
      beforeAdd = () => {
        resolve();
        return released;
      };
    });
    return { arrived, release };
  }

  async function tokensOf(sid: string | undefined, idTokenSid = sid) {
    const id_token = await signer.idToken({ sid: idTokenSid });
    return { access_token: await signer.accessToken({ sid }), id_token };
  }

  const logOut = ({ app }: App, access_token: string) =>
    request(app).post(LOGOUT).send({ access_token });

  it('a logout that is late spares a login that came meanwhile', async () => {
    const old = await tokensOf('sid-1');
    await one.oidc.sessions.save(old);
    const { arrived, release } = holdAdditions();
    const late = logOut(one, old.access_token).then(({ status }) => status);
    await arrived;
    await logOut(other, old.access_token).expect(200);
    const later = await tokensOf('sid-1');
    await other.oidc.sessions.save(later);
    release();
    expect(await late).toBe(200);
    expect([
      await statusOf(later.access_token, other),
      await statusOf(old.access_token, one),
    ]).toEqual([200, 401]);
  });

  it('a Logout Token that comes twice, once late, spares a login that came meanwhile', async () => {
    const old = await tokensOf('sid-1');
    await one.oidc.sessions.save(old);
    const heard: unknown[] = [];
    for (const { oidc } of [one, other]) oidc.on('session-ended', (event) => heard.push(event));
    const logoutToken = await signer.logoutToken();
    const post = ({ app }: App) =>
      request(app).post(BACK_CHANNEL_LOGOUT).type('form').send({ logout_token: logoutToken });
    const { arrived, release } = holdAdditions();
    const late = post(one).then(({ status }) => status);
    await arrived;
    await post(other).expect(200);
    const later = await tokensOf('sid-1');
    await other.oidc.sessions.save(later);
    release();
    expect(await late).toBe(200);
    expect([
      await statusOf(later.access_token, other),
      await statusOf(old.access_token, one),
    ]).toEqual([200, 401]);
    expect(heard).toHaveLength(1);
    const answer = await logOut(one, later.access_token).expect(200);
    expect(JSON.stringify(answer.body)).toContain(`id_token_hint=${later.id_token}`);
  });

  it('a store that answers null for nothing is a store all the same', async () => {
    const store = Object.assign(Object.create(sessionStore) as MemorySessionStore, {
      get: async (keys: readonly string[]) =>
        (await sessionStore.get(keys)).map((value) => value ?? null),
      take: async (key: string) => (await sessionStore.take(key)) ?? null,
      set: sessionStore.set.bind(sessionStore),
      add: sessionStore.add.bind(sessionStore),
      addMember: sessionStore.addMember.bind(sessionStore),
      members: sessionStore.members.bind(sessionStore),
    });
    const invalidationList = {
      add: shared.add.bind(shared),
      check: async (keys: readonly string[]) =>
        (await shared.check(keys)).map((cutOff) => cutOff ?? (null as never)),
    };
    const app = appWith({ ...optionsFor(signer), invalidationList, sessionStore: store });
    const tokens = await tokensOf('sid-1');
    await app.oidc.sessions.save(tokens);
    expect(await statusOf(tokens.access_token, app)).toBe(200);
    const logout_token = await signer.logoutToken();
    await request(app.app)
      .post(BACK_CHANNEL_LOGOUT)
      .type('form')
      .send({ logout_token })
      .expect(200);
    expect(await statusOf(tokens.access_token, app)).toBe(401);
    const state = 'a'.repeat(43);
    const returning = request(app.app).get(LOGGED_OUT).query({ state });
    const answer = await returning.set('Cookie', `__Host-oidc-logout=${state}`);
    expect(answer.body).toEqual({ outcome: 'mismatch' });
  });

  it('a token that was used before it was saved ends with its session', async () => {
    const tokens = await tokensOf('a', 'b');
    expect(await statusOf(tokens.access_token, one)).toBe(200);
    await other.oidc.sessions.save(tokens);
    await other.oidc.sessions.end({ issuer: signer.issuer, sid: 'b' });
    expect([
      await statusOf(tokens.access_token, one),
      await statusOf(tokens.access_token, other),
    ]).toEqual([401, 401]);
  });

  it('a session with two names ends in both, though a write fails in between', async () => {
    const tokens = await tokensOf('a', 'b');
    await one.oidc.sessions.save(tokens);
    beforeAdd = async ([first]) => {
      if (first !== undefined) await shared.add([first]);
      throw new Error('the rest is lost');
    };
    await logOut(one, tokens.access_token).expect(503);
    beforeAdd = () => Promise.resolve();
    await logOut(one, tokens.access_token).expect(200);
    expect(await statusOf(await signer.accessToken({ sid: 'a' }), other)).toBe(401);
  });

  it('a refresh does not bring back a session that ended by the name in its access token', async () => {
    const tokens = await tokensOf('a', 'b');
    await one.oidc.sessions.save(tokens);
    await other.oidc.sessions.end({ issuer: signer.issuer, sid: 'a' });
    const access_token = await signer.accessToken({ sid: undefined });
    await expect(one.oidc.sessions.rotate(tokens, { access_token })).rejects.toThrow('has ended');
    expect(await statusOf(access_token, other)).toBe(401);
  });

  it('a login that is refused leaves no live token', async () => {
    const tokens = await tokensOf(undefined);
    await one.oidc.sessions.save(tokens);
    await logOut(other, tokens.access_token).expect(200);
    const again = { ...tokens, access_token: await signer.accessToken({ sid: undefined }) };
    await expect(one.oidc.sessions.save(again)).rejects.toThrow('has ended');
    expect(await statusOf(again.access_token, other)).toBe(401);
  });

  it('a repeated logout adds nothing', async () => {
    const { access_token } = await tokensOf('sid-1');
    await logOut(one, access_token).expect(200);
    await logOut(one, access_token).expect(200);
  });

  it('the end of a user without sessions looks up nothing', async () => {
    await one.oidc.sessions.end({ issuer: signer.issuer, sub: 'alice' });
    expect(await statusOf(await signer.accessToken({ sid: undefined }), other)).toBe(401);
  });
});

/** A list that tells of its additions, and counts how often it is asked. */
class WatchedList extends MemoryInvalidationList {
  checks = 0;
  watcher: InvalidationWatcher | undefined;

  override check(keys: readonly string[]): Promise<(number | undefined)[]> {
    this.checks++;
    return super.check(keys);
  }

  override async add(entries: readonly InvalidationEntry[]): Promise<void> {
    await super.add(entries);
    this.watcher?.changed(entries.map(({ key }) => key));
  }

  async tell(keys: readonly string[]): Promise<void> {
    await Promise.resolve();
    this.watcher?.changed(keys);
  }

  watch(watcher: InvalidationWatcher): () => void {
    this.watcher = watcher;
    return () => (this.watcher = undefined);
  }
}

describe('a list of the app that is watched', () => {
  let signer: Signer;
  let list: WatchedList;
  let app: App;
  let access_token: string;

  beforeEach(async () => {
    signer = await createSigner();
    list = new WatchedList();
    app = start({ maxStaleness: 3600 });
    access_token = await signer.accessToken();
  });

  function start(nearCache?: NearCacheOptions): App {
    const stores = { invalidationList: list, sessionStore: new MemorySessionStore() };
    return appWith({ ...optionsFor(signer), ...stores, nearCache });
  }

  /** Of so many requests, whether the list was asked. */
  async function areAsked(count: number): Promise<boolean[]> {
    const asked: boolean[] = [];
    for (let index = 0; index < count; index++) {
      const { checks } = list;
      await call(app, access_token).expect(200);
      asked.push(list.checks > checks);
    }
    return asked;
  }

  it('is asked at every request until it is live', async () => {
    expect(await areAsked(3)).toEqual([true, true, true]);
    list.watcher?.live();
    expect(await areAsked(3)).toEqual([true, false, false]);
  });

  it('is asked at every request when it is lost, and anew when it is live again', async () => {
    list.watcher?.live();
    await areAsked(1);
    list.watcher?.lost();
    expect(await areAsked(3)).toEqual([true, true, true]);
    list.watcher?.live();
    expect(await areAsked(3)).toEqual([true, false, false]);
  });

  it('is asked again by the token that it told of', async () => {
    list.watcher?.live();
    await areAsked(1);
    list.watcher?.changed(['another']);
    expect(await areAsked(1)).toEqual([false]);
    const other = await signer.accessToken({ sub: 'bob', sid: 'bobs' });
    await request(app.app).post(LOGOUT).send({ access_token: other }).expect(200);
    expect(await areAsked(1)).toEqual([false]);
    await request(app.app).post(LOGOUT).send({ access_token }).expect(200);
    await call(app, access_token).expect(401);
    await call(app, other).expect(401);
  });

  it('is watched no more after close()', async () => {
    expect(list.watcher).toBeDefined();
    list.watcher?.live();
    expect(await areAsked(2)).toEqual([true, false]);
    await app.oidc.close();
    expect(list.watcher).toBeUndefined();
    expect(await areAsked(2)).toEqual([true, true]);
  });

  it('is not watched without nearCache', () => {
    list.watcher = undefined;
    start();
    expect(list.watcher).toBeUndefined();
  });
});
