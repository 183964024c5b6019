import { beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import type {
  NearCacheOptions,
  Store,
  StoreChange,
  StoreSubscriber,
  StoreUpdate,
} from '../lib/index.ts';
import { MemoryStore } from '../lib/store/memory.ts';
import { refreshTokenKey, sessionKey } from '../lib/token/token-keys.ts';
import {
  type App,
  appWith,
  BACK_CHANNEL_LOGOUT,
  call,
  FRONT_CHANNEL_LOGOUT,
  LOGGED_OUT,
  LOGOUT,
  optionsFor,
} from './support/app.ts';
import { createSigner, type Signer } from './support/provider.ts';
import { REVOKE, startRevocationServer } from './support/revocation-server.ts';
import { until } from './support/until.ts';

/** The memory of both processes, as one of them reaches it. */
class SharedStore implements Store {
  readonly #memory: Store;
  beforeUpdate: (keys: readonly string[]) => Promise<void> = () => Promise.resolve();

  constructor(memory: Store) {
    this.#memory = memory;
  }

  read(keys: readonly string[]): Promise<readonly (string | null | undefined)[]> {
    if (keys.length === 0) throw new Error('a look-up of nothing');
    return this.#memory.read(keys);
  }

  async update<Result>(keys: readonly string[], change: StoreChange<Result>): Promise<Result> {
    if (keys.length === 0) throw new Error('an update of nothing');
    await this.beforeUpdate(keys);
    return this.#memory.update(keys, change);
  }

  subscribe(subscriber: StoreSubscriber): () => void {
    return this.#memory.subscribe(subscriber);
  }
}

const isOfSession = (keys: readonly string[]) => keys.some((key) => key.startsWith('s'));

describe('two processes with a store of the app', () => {
  let signer: Signer;
  let memory: MemoryStore;
  let slow: SharedStore;
  let one: App;
  let other: App;

  beforeEach(async () => {
    signer = await createSigner();
    memory = new MemoryStore();
    slow = new SharedStore(memory);
    one = appWith({ ...optionsFor(signer), store: slow });
    other = appWith({ ...optionsFor(signer), store: new SharedStore(memory) });
  });

  async function statusOf(access_token: string, app: App): Promise<number> {
    return (await call(app, access_token)).status;
  }

  /** Holds back what the first process changes of sessions until it is released. */
  function holdUpdates() {
    let release!: () => void;
    const released = new Promise<void>((resolve) => (release = resolve));
    const arrived = new Promise<void>((resolve) => {
      slow.beforeUpdate = (keys) => {
        if (!isOfSession(keys)) return Promise.resolve();
        resolve();
        return released;
      };
    });
    return { arrived, release };
  }

  let serial = 0;

  /** A second of login for each, since a Logout Token ends its whole second. */
  async function tokensOf(
    sid: string | undefined,
    { idTokenSid = sid, iat = secondsAgo(10) } = {},
  ) {
    const id_token = await signer.idToken({ sid: idTokenSid, iat });
    const access_token = await signer.accessToken({ sid, iat });
    return { access_token, id_token, refresh_token: `refresh-${++serial}` };
  }

  function secondsAgo(seconds: number): number {
    return Math.floor(Date.now() / 1000) - seconds;
  }

  const logOut = ({ app }: App, access_token: string) =>
    request(app).post(LOGOUT).send({ access_token });

  const deliver = ({ app }: App, logout_token: string) =>
    request(app).post(BACK_CHANNEL_LOGOUT).type('form').send({ logout_token });

  it('a logout that is late spares a login that came meanwhile', async () => {
    const old = await tokensOf('sid-1');
    await one.oidc.sessions.save(old);
    const { arrived, release } = holdUpdates();
    const late = logOut(one, old.access_token).then(({ status }) => status);
    await arrived;
    await logOut(other, old.access_token).expect(200);
    const later = await tokensOf(undefined, { idTokenSid: 'sid-1', iat: secondsAgo(5) });
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
    const logoutToken = await signer.logoutToken({ iat: secondsAgo(8) });
    const { arrived, release } = holdUpdates();
    const late = deliver(one, logoutToken).then(({ status }) => status);
    await arrived;
    await deliver(other, logoutToken).expect(200);
    const later = await tokensOf(undefined, { idTokenSid: 'sid-1', iat: secondsAgo(5) });
    await other.oidc.sessions.save(later);
    release();
    expect(await late).toBe(200);
    expect([
      await statusOf(later.access_token, other),
      await statusOf(old.access_token, one),
    ]).toEqual([200, 401]);
    const event = { issuer: signer.issuer, subject: 'alice', sid: 'sid-1', cause: 'back-channel' };
    const ended = { ...event, revokesOfflineAccess: false };
    expect(heard).toEqual([ended, ended]);
    const answer = await logOut(one, later.access_token).expect(200);
    expect(JSON.stringify(answer.body)).toContain(`id_token_hint=${later.id_token}`);
  });

  it('a store that answers null for nothing is a store all the same', async () => {
    const nulls = (values: readonly (string | null | undefined)[]) =>
      values.map((value) => value ?? null);
    const store: Store = {
      read: async (keys) => nulls(await memory.read(keys)),
      update: (keys, change) => memory.update(keys, (values, now) => change(nulls(values), now)),
      subscribe: (subscriber) => memory.subscribe(subscriber),
    };
    const app = appWith({ ...optionsFor(signer), store });
    const tokens = await tokensOf('sid-1');
    await app.oidc.sessions.save(tokens);
    expect(await statusOf(tokens.access_token, app)).toBe(200);
    await deliver(app, await signer.logoutToken()).expect(200);
    expect(await statusOf(tokens.access_token, app)).toBe(401);
    const state = 'a'.repeat(43);
    const returning = request(app.app).get(LOGGED_OUT).query({ state });
    const answer = await returning.set('Cookie', `__Host-oidc-logout=${state}`);
    expect(answer.body).toEqual({ outcome: 'mismatch' });
  });

  it('a store that answers no result answers 503, and 400 to the provider', async () => {
    const store = Object.assign(new SharedStore(memory), {
      update: async <Result>(keys: readonly string[], change: StoreChange<Result>) => {
        await memory.update(keys, change);
        return undefined as Result;
      },
    });
    const app = appWith({ ...optionsFor(signer), store });
    const tokens = await tokensOf('sid-1');
    const code = 'ERR_OIDC_LOGOUT_STORE_UNAVAILABLE';
    await expect(app.oidc.sessions.save(tokens)).rejects.toMatchObject({ code });
    await logOut(app, tokens.access_token).expect(503);
    await deliver(app, await signer.logoutToken()).expect(400);
    const end = app.oidc.sessions.end({ issuer: signer.issuer, sub: 'alice' });
    await expect(end).rejects.toMatchObject({ code });
    await app.oidc.close();
  });

  it('a store whose subscription cannot be stopped is refused', () => {
    const store = Object.assign(new SharedStore(memory), { subscribe: () => undefined });
    const { oidc } = appWith({ ...optionsFor(signer), store });
    const listen = () => oidc.on('session-ended', () => undefined);
    expect(listen).toThrow(new TypeError('"store.subscribe()" must be a function'));
  });

  it('a token that was used before it was saved ends with its session', async () => {
    const tokens = await tokensOf(undefined, { idTokenSid: 'b' });
    expect(await statusOf(tokens.access_token, one)).toBe(200);
    await other.oidc.sessions.save(tokens);
    await other.oidc.sessions.end({ issuer: signer.issuer, sid: 'b' });
    expect([
      await statusOf(tokens.access_token, one),
      await statusOf(tokens.access_token, other),
    ]).toEqual([401, 401]);
  });

  it('tokens of two sessions are no login, and nothing is stored of them', async () => {
    const tokens = await tokensOf('a', { idTokenSid: 'b' });
    slow.beforeUpdate = () => Promise.reject(new Error('stored'));
    await expect(one.oidc.sessions.save(tokens)).rejects.toMatchObject({
      code: 'ERR_OIDC_LOGOUT_INVALID_TOKEN',
      reason: 'of-another-session',
    });
    expect(one.events).toEqual([]);
  });

  it('a logout whose update fails ends the session when it is sent again', async () => {
    const tokens = await tokensOf(undefined, { idTokenSid: 'b' });
    await one.oidc.sessions.save(tokens);
    slow.beforeUpdate = (keys) =>
      isOfSession(keys) ? Promise.reject(new Error('lost')) : Promise.resolve();
    await logOut(one, tokens.access_token).expect(503);
    expect(await statusOf(tokens.access_token, other)).toBe(200);
    slow.beforeUpdate = () => Promise.resolve();
    const answer = await logOut(one, tokens.access_token).expect(200);
    expect(JSON.stringify(answer.body)).toContain(`id_token_hint=${tokens.id_token}`);
    expect(await statusOf(tokens.access_token, other)).toBe(401);
    expect(await statusOf(await signer.accessToken({ sid: 'b' }), other)).toBe(401);
  });

  it('a logout whose refresh token could not be invalidated invalidates that one later', async () => {
    const { access_token, refresh_token } = await tokensOf('sid-1');
    let failures = 0;
    slow.beforeUpdate = (keys) => {
      if (!keys.some((key) => key.startsWith('r')) || ++failures > 1) return Promise.resolve();
      return Promise.reject(new Error('of the store'));
    };
    await request(one.app).post(LOGOUT).send({ access_token, refresh_token }).expect(503);
    expect(await statusOf(access_token, other)).toBe(401);
    const key = `r${refreshTokenKey(refresh_token)}`;
    await until(async () => (await memory.read([key]))[0] === '!');
    expect(failures).toBe(2);
  });

  it('a Logout Token revokes the refresh token also while the end by a frame is stored', async () => {
    const op = await startRevocationServer();
    const app = appWith({
      ...optionsFor(op.signer, {
        provider: { metadata: { revocation_endpoint: op.issuer + REVOKE } },
      }),
      ...{ store: slow, encryptionKey: new Uint8Array(32), revocationDelay: 0 },
      allowInsecureRequests: true,
    });
    const id_token = await op.signer.idToken({ iat: secondsAgo(10) });
    const access_token = await op.signer.accessToken({ iat: secondsAgo(10) });
    await app.oidc.sessions.save({ access_token, id_token, refresh_token: 'refresh' });
    let release!: () => void;
    const released = new Promise<void>((resolve) => (release = resolve));
    // The record alone: what is left to do.
    slow.beforeUpdate = (keys) => (keys.length === 1 ? released : Promise.resolve());
    const frame = { iss: op.issuer, sid: 'sid-1' };
    await request(app.app).get(FRONT_CHANNEL_LOGOUT).query(frame).expect(200);
    await deliver(app, await op.signer.logoutToken()).expect(200);
    await op.untilAsked(1);
    release();
    await app.oidc.close();
    expect(op.requests.map(({ form }) => form.token)).toEqual(['refresh']);
    expect(await memory.read([`s${sessionKey(op.issuer, 'sid-1')}`])).toEqual([undefined]);
    await op.close();
  });

  it('a refresh does not bring back a session that ended', async () => {
    const tokens = await tokensOf(undefined, { idTokenSid: 'b' });
    await one.oidc.sessions.save(tokens);
    await other.oidc.sessions.end({ issuer: signer.issuer, sid: 'b' });
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

  it('a repeated logout is told of once', async () => {
    const { access_token } = await tokensOf('sid-1');
    const heard: unknown[] = [];
    one.oidc.on('session-ended', (event) => heard.push(event));
    await logOut(one, access_token).expect(200);
    await logOut(one, access_token).expect(200);
    expect(heard).toHaveLength(1);
  });

  it('the end of a user without sessions refuses what was issued until then', async () => {
    const token = await signer.accessToken({ sid: undefined });
    await one.oidc.sessions.end({ issuer: signer.issuer, sub: 'alice' });
    expect(await statusOf(token, other)).toBe(401);
  });
});

/** A store whose messages the spec tells, and that counts how often it is read. */
class WatchedStore implements Store {
  readonly #memory = new MemoryStore();
  reads = 0;
  subscriber: StoreSubscriber | undefined;

  read(keys: readonly string[]): Promise<(string | undefined)[]> {
    this.reads++;
    return this.#memory.read(keys);
  }

  async update<Result>(keys: readonly string[], change: StoreChange<Result>): Promise<Result> {
    let messages: readonly string[] = [];
    const result = await this.#memory.update(keys, (values, now): StoreUpdate<Result> => {
      const update = change(values, now);
      ({ messages } = update);
      return update;
    });
    for (const message of messages) this.subscriber?.hear(message);
    return result;
  }

  subscribe(subscriber: StoreSubscriber): () => void {
    this.subscriber = subscriber;
    return () => (this.subscriber = undefined);
  }
}

describe('a store of the app with a near-cache', () => {
  let signer: Signer;
  let store: WatchedStore;
  let app: App;
  let access_token: string;

  beforeEach(async () => {
    signer = await createSigner();
    store = new WatchedStore();
    app = start({ maxStaleness: 3600 });
    access_token = await signer.accessToken();
  });

  function start(nearCache?: NearCacheOptions): App {
    return appWith({ ...optionsFor(signer), store, nearCache });
  }

  /** Of so many requests, whether the store was asked. */
  async function areAsked(count: number): Promise<boolean[]> {
    const asked: boolean[] = [];
    for (let index = 0; index < count; index++) {
      const { reads } = store;
      await call(app, access_token).expect(200);
      asked.push(store.reads > reads);
    }
    return asked;
  }

  it('is asked at every request until it is live', async () => {
    expect(await areAsked(3)).toEqual([true, true, true]);
    store.subscriber?.live();
    expect(await areAsked(3)).toEqual([true, false, false]);
  });

  it('is asked at every request when it is lost, and anew when it is live again', async () => {
    store.subscriber?.live();
    await areAsked(1);
    store.subscriber?.lost();
    expect(await areAsked(3)).toEqual([true, true, true]);
    store.subscriber?.live();
    expect(await areAsked(3)).toEqual([true, false, false]);
  });

  it('is asked again by the token that it told of', async () => {
    store.subscriber?.live();
    await areAsked(1);
    store.subscriber?.hear('changed another');
    expect(await areAsked(1)).toEqual([false]);
    const other = await signer.accessToken({ sub: 'bob', sid: 'bobs' });
    await request(app.app).post(LOGOUT).send({ access_token: other }).expect(200);
    expect(await areAsked(1)).toEqual([false]);
    await request(app.app).post(LOGOUT).send({ access_token }).expect(200);
    await call(app, access_token).expect(401);
    await call(app, other).expect(401);
  });

  it.each(['', 'text', 'changed', 'changed ', 'ended', 'ended {', 'ended []', '{"changed":"a"}'])(
    'is not asked again for the message %j',
    async (message) => {
      store.subscriber?.live();
      await areAsked(1);
      store.subscriber?.hear(message);
      expect(await areAsked(2)).toEqual([false, false]);
    },
  );

  it('is watched no more after close()', async () => {
    expect(store.subscriber).toBeDefined();
    store.subscriber?.live();
    expect(await areAsked(2)).toEqual([true, false]);
    await app.oidc.close();
    expect(store.subscriber).toBeUndefined();
    expect(await areAsked(2)).toEqual([true, true]);
  });

  it('is not watched without nearCache', () => {
    store.subscriber = undefined;
    start();
    expect(store.subscriber).toBeUndefined();
  });
});
