import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import request from 'supertest';
import {
  InvalidIdTokenError,
  type LoginClaims,
  ProviderUnavailableError,
  SessionEndedError,
  StoreUnavailableError,
} from '../../lib/index.ts';
import {
  type App,
  BACK_CHANNEL_LOGOUT,
  call,
  LOGOUT,
  optionsFor,
  redirectOf,
} from '../support/app.ts';
import { setTime } from '../support/clock.ts';
import { type Claims, CLIENT_ID, createSigner } from '../support/provider.ts';
import { redis, signer, start, useRedisApps } from '../support/redis-apps.ts';
import { until } from '../support/until.ts';

useRedisApps();

let app: App;

beforeEach(() => {
  app = start();
});

let serial = 0;

async function tokensOf(claims: Claims = {}) {
  return {
    access_token: await signer.accessToken(claims),
    id_token: await signer.idToken(claims),
    refresh_token: `refresh-${++serial}`,
  };
}

async function login(claims: Claims = {}) {
  const tokens = await tokensOf(claims);
  await app.oidc.sessions.save(tokens);
  return tokens;
}

async function statusOf({ access_token }: { access_token: string }, at = app): Promise<number> {
  return (await call(at, access_token)).status;
}

function logOut(body: { access_token: string; refresh_token?: string }): request.Test {
  const { access_token, refresh_token } = body;
  return request(app.app).post(LOGOUT).send({ access_token, refresh_token });
}

const LETTERS = { access: 't', refresh: 'r', session: 's' };

/** The epoch is no login's: the first look-up begins it. */
const isOfLogin = (key: string) => key !== 'oidc1:e';

async function keysOf(kind: keyof typeof LETTERS): Promise<string[]> {
  const start = `oidc1:${LETTERS[kind]}`;
  return Object.keys(await redis.dump()).filter((key) => key.startsWith(start));
}

it('can be taken apart, as all of oidc can', async () => {
  /* eslint-disable @typescript-eslint/unbound-method -- that is what it is about */
  const { sessions, guard, on, off, close } = app.oidc;
  const { save, rotate, isActive, end } = sessions;
  /* eslint-enable @typescript-eslint/unbound-method */
  const old = await tokensOf();
  await save(old);
  const renewed = { access_token: await signer.accessToken(), refresh_token: 'refresh-2' };
  await rotate(old, renewed);
  await end({ issuer: signer.issuer, sid: 'sid-1' });
  expect(await statusOf(renewed)).toBe(401);
  expect(await isActive(decodeJwt<LoginClaims>(old.id_token))).toBe(false);
  expect(Object.keys(sessions)).toEqual(['save', 'rotate', 'isActive', 'end']);
  expect(guard()).toBeInstanceOf(Function);
  const listener = () => undefined;
  expect([on('logout', listener), off('logout', listener)]).toEqual([app.oidc, app.oidc]);
  await close();
});

describe('sessions.save', () => {
  it('keeps digests of the tokens, and what belongs to the session, for maxSessionLifetime', async () => {
    const tokens = await login();
    const dump = await redis.dump();
    const keys = Object.keys(dump).filter(isOfLogin).sort();
    expect(keys).toEqual([
      expect.stringMatching(/^oidc1:l\{[\w-]{22}\}$/),
      expect.stringMatching(/^oidc1:r[\w-]{22}$/),
      expect.stringMatching(/^oidc1:s\{[\w-]{22}\}$/),
      expect.stringMatching(/^oidc1:t[\w-]{22}$/),
    ]);
    const client = redis.connect();
    const hours = await Promise.all(
      keys.map(async (key) => Math.round((await client.ttl(key)) / 3600)),
    );
    expect(hours).toEqual([336, 336, 336, 25]);
    const text = JSON.stringify(dump);
    expect(text).not.toContain(tokens.access_token);
    expect(text).not.toContain(tokens.refresh_token);
  });

  it('may be called again with the same tokens', async () => {
    const tokens = await login({ sid: undefined });
    const keys = async () =>
      Object.keys(await redis.dump())
        .filter(isOfLogin)
        .sort();
    const before = await keys();
    await app.oidc.sessions.save(tokens);
    expect(await keys()).toEqual(before);
  });

  it.each([undefined, 'sid-1'])(
    'does not bring back a session (sid %s) that ended, when the same tokens are saved once more',
    async (sid) => {
      const tokens = await login({ sid });
      const other = { ...(await tokensOf({ sid })), id_token: tokens.id_token };
      await app.oidc.sessions.save(other);
      await logOut(tokens).expect(200);
      await expect(app.oidc.sessions.save(other)).rejects.toThrow(SessionEndedError);
      expect([await statusOf(tokens), await statusOf(other)]).toEqual([401, 401]);
    },
  );

  it.each([undefined, 'sid-1'])(
    'refuses a login (sid %s) whose access token was logged out before it was saved',
    async (sid) => {
      const tokens = await tokensOf({ sid });
      await logOut(tokens).expect(200);
      await expect(app.oidc.sessions.save(tokens)).rejects.toThrow(SessionEndedError);
      const renewed = await tokensOf({ sid });
      await expect(app.oidc.sessions.rotate(tokens, renewed)).rejects.toThrow(SessionEndedError);
      expect(await statusOf(renewed)).toBe(401);
    },
  );

  it.each([undefined, 'sid-1'])(
    'refuses another access token with the ID Token of a login (sid %s) that ended',
    async (sid) => {
      const tokens = await login({ sid });
      await logOut(tokens).expect(200);
      const other = { ...(await tokensOf({ sid })), id_token: tokens.id_token };
      await expect(app.oidc.sessions.save(other)).rejects.toThrow(SessionEndedError);
    },
  );

  it('once more at the same time as a logout leaves no live session', async () => {
    for (let round = 0; round < 50; round++) {
      const tokens = await login({ sid: `sid-${round}` });
      const again = app.oidc.sessions.save(tokens).catch((error: unknown) => error);
      await Promise.all([again, logOut(tokens).expect(200)]);
      const renewed = await tokensOf({ sid: `sid-${round}` });
      await expect(app.oidc.sessions.rotate(tokens, renewed)).rejects.toThrow(SessionEndedError);
      expect(await statusOf(renewed)).toBe(401);
    }
  });

  it('takes the sid from the access token where the ID Token has none', async () => {
    const id_token = await signer.idToken({ sid: undefined });
    const access_token = await signer.accessToken({ sid: 'sid-9' });
    const tokens = { access_token, id_token, refresh_token: 'refresh-9' };
    await app.oidc.sessions.save(tokens);
    const refreshed = { access_token: await signer.accessToken({ sid: 'sid-9' }) };
    await app.oidc.sessions.rotate(tokens, refreshed);
    await logOut(tokens).expect(200);
    expect([await statusOf(tokens), await statusOf(refreshed)]).toEqual([401, 401]);
  });

  it.each([null, ''])('takes the refresh token %j for none', async (refresh_token) => {
    await app.oidc.sessions.save({ ...(await tokensOf()), refresh_token });
    expect(await keysOf('refresh')).toEqual([]);
  });

  it.each([1e20, -5, '', 'soon'])('survives expires_in %j', async (expires_in) => {
    const id_token = await signer.idToken();
    await app.oidc.sessions.save({ access_token: 'opaque', id_token, expires_in });
    expect(await keysOf('access')).toHaveLength(1);
  });

  it.each([600, '600'])(
    'takes the life of an opaque token from expires_in %j',
    async (expires_in) => {
      const tokens = { access_token: 'opaque', id_token: await signer.idToken(), expires_in };
      await app.oidc.sessions.save(tokens);
      expect(await statusOf(tokens)).toBe(200);
      setTime(Date.now() + 601_000 + 5000);
      expect(await statusOf(tokens)).toBe(401);
    },
  );

  it('counts the life of an opaque token from the save', async () => {
    const hour = 3600;
    const id_token = await signer.idToken();
    const tokens = { access_token: 'opaque', id_token, expires_in: 25 * hour };
    await app.oidc.sessions.save(tokens);
    expect(await statusOf(tokens)).toBe(401);
    setTime(Date.now() + 2 * hour * 1000);
    expect(await statusOf(tokens)).toBe(401);
  });

  it('rejects an access token alone that was logged out before', async () => {
    const access_token = await signer.accessToken({ sid: undefined });
    await logOut({ access_token }).expect(200);
    const id_token = await signer.idToken();
    await expect(app.oidc.sessions.save({ access_token, id_token })).rejects.toThrow(
      SessionEndedError,
    );
  });

  it.each<[string, () => Promise<string>]>([
    ['signed by a stranger', async () => (await createSigner()).idToken()],
    ['of another issuer', async () => (await createSigner('https://other.example.com')).idToken()],
    ['for another client', () => signer.idToken({ aud: 'other' })],
    ['without a subject', () => signer.idToken({ sub: undefined })],
    ['with a number as subject', () => signer.idToken({ sub: 1 })],
    ['without iat', () => signer.idToken({ iat: undefined })],
    ['that is an access token', () => signer.sign({ aud: CLIENT_ID, sub: 'a' }, { typ: 'at+jwt' })],
    ['that is a Logout Token', () => signer.sign({ aud: CLIENT_ID, sub: 'a', events: {} })],
    [
      'that is typed as a Logout Token',
      () => signer.sign({ aud: CLIENT_ID, sub: 'a' }, { typ: 'logout+jwt' }),
    ],
    ['that is encrypted', () => Promise.resolve('a.b.c.d.e')],
    ['that is no JWT', () => Promise.resolve('opaque')],
  ])('refuses an ID Token %s', async (_what, make) => {
    const tokens = { ...(await tokensOf()), id_token: await make() };
    await expect(app.oidc.sessions.save(tokens)).rejects.toThrow(InvalidIdTokenError);
    expect(await redis.dump()).toEqual({});
  });

  it.each([{}, { access_token: '' }, { access_token: 1 }])(
    'names what is missing in %j',
    async (part) => {
      const { id_token } = await tokensOf();
      const save = app.oidc.sessions.save({ id_token, ...part } as never);
      await expect(save).rejects.toThrow(
        new TypeError('"access_token" must be a string that is not empty'),
      );
    },
  );

  it('needs an ID Token', async () => {
    const save = app.oidc.sessions.save({ access_token: 'a' });
    await expect(save).rejects.toThrow(
      new TypeError('"id_token" must be a string that is not empty'),
    );
  });

  it('takes an ID Token that the client secret signs, where that is configured', async () => {
    const clientSecret = 's'.repeat(32);
    const provider = { clientSecret, algorithms: ['RS256', 'HS256'] };
    const hmac = start(optionsFor(signer, { provider }));
    const { SignJWT } = await import('jose');
    const id_token = await new SignJWT({
      iss: signer.issuer,
      aud: CLIENT_ID,
      sub: 'alice',
      sid: 'sid-1',
    })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuedAt()
      .sign(Buffer.from(clientSecret));
    await hmac.oidc.sessions.save({ ...(await tokensOf()), id_token });
    await expect(app.oidc.sessions.save({ ...(await tokensOf()), id_token })).rejects.toThrow(
      InvalidIdTokenError,
    );
  });

  it('tells an outage of the provider from a bad ID Token', async () => {
    const issuer = 'http://127.0.0.1:1';
    const away = await createSigner(issuer);
    const { oidc } = start({ provider: { issuer, clientId: CLIENT_ID } });
    const tokens = { ...(await tokensOf()), id_token: await away.idToken() };
    await expect(oidc.sessions.save(tokens)).rejects.toThrow(ProviderUnavailableError);
  });

  it('encrypts the ID Token and the kept answer with encryptionKey', async () => {
    const encryptionKey = randomBytes(32);
    app = start({ encryptionKey });
    const { access_token, id_token } = await login();
    expect(JSON.stringify(await redis.dump())).not.toContain(id_token);
    const elsewhere = start({ encryptionKey: encryptionKey.toString('base64url') });
    const answer = await request(elsewhere.app).post(LOGOUT).send({ access_token }).expect(200);
    expect(JSON.stringify(answer.body)).toContain(id_token);
    expect(JSON.stringify(await redis.dump())).not.toContain(id_token);
    expect((await logOut({ access_token }).expect(200)).body).toEqual(answer.body);
  });

  it('logs out without a hint when the encryptionKey was changed meanwhile', async () => {
    app = start({ encryptionKey: randomBytes(32) });
    const { access_token, id_token } = await login();
    app = start({ encryptionKey: randomBytes(32) });
    const answer = await logOut({ access_token }).expect(200);
    expect(JSON.stringify(answer.body)).not.toContain(id_token);
    expect(await statusOf({ access_token })).toBe(401);
  });
});

describe('sessions.rotate', () => {
  it('makes the new tokens a part of the session', async () => {
    const old = await login({ sid: undefined });
    const renewed = await tokensOf({ sid: undefined });
    await app.oidc.sessions.rotate(old, renewed);
    expect(await statusOf(renewed)).toBe(200);
    const answer = await logOut(renewed).expect(200);
    expect(JSON.stringify(answer.body)).toContain(renewed.id_token);
    expect([await statusOf(old), await statusOf(renewed)]).toEqual([401, 401]);
  });

  it.each([
    ['no member', {}],
    ['null', { id_token: null, refresh_token: null }],
    ['an empty text', { id_token: '', refresh_token: '' }],
  ])('keeps the ID Token and the refresh token where the answer has %s', async (_what, none) => {
    const old = await login({ sid: undefined });
    const access_token = await signer.accessToken({ sid: undefined });
    await app.oidc.sessions.rotate(old, { ...none, access_token });
    const again = await signer.accessToken({ sid: undefined });
    await app.oidc.sessions.rotate(
      { access_token, refresh_token: old.refresh_token },
      { ...none, access_token: again },
    );
    const answer = await logOut({ access_token: again, refresh_token: old.refresh_token }).expect(
      200,
    );
    expect(JSON.stringify(answer.body)).toContain(old.id_token);
  });

  it.each(['sid-1', undefined])(
    'rejects when the session (sid %s) ended while the refresh was under way, and its token is dead',
    async (sid) => {
      const old = await login({ sid });
      const renewed = await tokensOf({ sid });
      await logOut(old).expect(200);
      await expect(app.oidc.sessions.rotate(old, renewed)).rejects.toThrow(SessionEndedError);
      expect(await statusOf(renewed)).toBe(401);
      expect(await statusOf(renewed, start())).toBe(401);
      expect(JSON.stringify(await redis.dump())).not.toContain(renewed.refresh_token);
    },
  );

  it('and a logout at the same time leave no live token, whichever comes first', async () => {
    for (let round = 0; round < 50; round++) {
      const sid = round % 2 === 0 ? undefined : `sid-${round}`;
      const old = await login({ sid });
      const renewed = await tokensOf({ sid });
      const rotation = app.oidc.sessions.rotate(old, renewed).catch((error: unknown) => error);
      await Promise.all([rotation, logOut(old).expect(200)]);
      expect([await statusOf(old), await statusOf(renewed)]).toEqual([401, 401]);
      await expect(app.oidc.sessions.rotate(renewed, await tokensOf({ sid }))).rejects.toThrow(
        SessionEndedError,
      );
    }
  });

  it('rejects the tokens of an earlier login after a later one with the same sid', async () => {
    const old = await login();
    await logOut(old).expect(200);
    const later = await login();
    const renewed = await tokensOf();
    await expect(app.oidc.sessions.rotate(old, renewed)).rejects.toThrow(SessionEndedError);
    expect([await statusOf(renewed), await statusOf(later)]).toEqual([401, 200]);
    await app.oidc.sessions.rotate(later, await tokensOf());
  });

  it('rejects when the session was never saved', async () => {
    const renewed = await tokensOf({ sid: undefined });
    await expect(app.oidc.sessions.rotate(await tokensOf(), renewed)).rejects.toThrow(
      SessionEndedError,
    );
    expect(await statusOf(renewed)).toBe(401);
  });

  it.each<[what: string, count: number, make: () => Promise<string>, of: string | undefined]>([
    ['an opaque token', 1, () => Promise.resolve('opaque'), 'https://op.example.com'],
    ['an opaque token', 2, () => Promise.resolve('opaque'), undefined],
    ['a JWT', 2, () => signer.accessToken(), 'https://op.example.com'],
  ])(
    'tells of %s of a session never saved which of %i providers issued it',
    async (_what, count, make, issuer) => {
      const other = await createSigner('https://other.example.com');
      const entries = [other, signer].flatMap((each) => optionsFor(each).provider);
      const { oidc, events } = start({ provider: entries.slice(-count) });
      const revocations: unknown[] = [];
      oidc.on('revocation', (event) => revocations.push(event));
      const rotation = oidc.sessions.rotate(await tokensOf(), { access_token: await make() });
      await expect(rotation).rejects.toThrow(SessionEndedError);
      const owner = { issuer, subject: undefined, sid: undefined };
      expect(events).toEqual([['invalidated', { kind: 'access-token', ...owner }]]);
      expect(revocations).toEqual([]);
    },
  );

  it.each([
    [undefined, '"oldTokens" must be an object'],
    [{ refresh_token: 1 }, '"refresh_token" must be a string that is not empty'],
  ])('refuses the old tokens %j', async (used, message) => {
    const rotation = app.oidc.sessions.rotate(used as never, await tokensOf());
    await expect(rotation).rejects.toThrow(new TypeError(message));
  });

  it('refuses an ID Token that is no text, and changes nothing', async () => {
    const old = await login();
    const before = await redis.dump();
    const renewed = { ...(await tokensOf()), id_token: 1 as never };
    await expect(app.oidc.sessions.rotate(old, renewed)).rejects.toThrow(
      new TypeError('"id_token" must be a string that is not empty'),
    );
    expect(await redis.dump()).toEqual(before);
  });

  it('rejects when the client of the login is configured no more', async () => {
    const old = await login();
    const { oidc } = start(optionsFor(signer, { provider: { clientId: 'other' } }));
    const rotation = oidc.sessions.rotate(old, { access_token: 'opaque' });
    await expect(rotation).rejects.toThrow(SessionEndedError);
  });

  it('rejects the ID Token of another user, and changes nothing', async () => {
    const old = await login();
    const before = await redis.dump();
    const renewed = { ...(await tokensOf()), id_token: await signer.idToken({ sub: 'bob' }) };
    await expect(app.oidc.sessions.rotate(old, renewed)).rejects.toThrow(InvalidIdTokenError);
    expect(await redis.dump()).toEqual(before);
  });

  it.each([
    ['goes on', undefined, 336],
    ['was replaced', 'refresh-new', 24],
  ])('keeps the used refresh token as long as needed where it %s', async (_how, next, hours) => {
    const old = await login();
    const [key = ''] = await keysOf('refresh');
    const access_token = await signer.accessToken();
    await app.oidc.sessions.rotate(old, { access_token, refresh_token: next });
    expect(Math.round((await redis.connect().ttl(key)) / 3600)).toBe(hours);
  });

  it('keeps a session beyond its first maxSessionLifetime', async () => {
    app = start({ maxSessionLifetime: 100 });
    const old = await login();
    await redis.connect().expire((await keysOf('session'))[0] ?? '', 10);
    await app.oidc.sessions.rotate(old, await tokensOf());
    expect(await redis.connect().ttl((await keysOf('session'))[0] ?? '')).toBe(100);
  });
});

it('an access token stays known for its whole life, though maxSessionLifetime is shorter', async () => {
  app = start({ maxSessionLifetime: 1 });
  await login({ sid: undefined });
  const [key = ''] = await keysOf('access');
  expect(await redis.connect().ttl(key)).toBeGreaterThan(3600);
});

describe('sessions.end', () => {
  it('of a user ends a login that is under way', async () => {
    const tokens = await tokensOf({ iat: Math.floor(Date.now() / 1000) - 2 });
    await app.oidc.sessions.end({ issuer: signer.issuer, sub: 'alice' });
    await expect(app.oidc.sessions.save(tokens)).rejects.toThrow(SessionEndedError);
    expect(await statusOf(tokens)).toBe(401);
  });

  it('of a user and a login at the same time leave nothing that can be refreshed', async () => {
    const iat = Math.floor(Date.now() / 1000) - 2;
    for (let round = 0; round < 20; round++) {
      const tokens = await tokensOf({ sid: `sid-${round}`, iat });
      const saved = app.oidc.sessions.save(tokens).catch((error: unknown) => error);
      await Promise.all([saved, app.oidc.sessions.end({ issuer: signer.issuer, sub: 'alice' })]);
      const renewed = await tokensOf({ sid: `sid-${round}` });
      await expect(app.oidc.sessions.rotate(tokens, renewed)).rejects.toThrow(SessionEndedError);
      expect(await statusOf(renewed)).toBe(401);
    }
  });

  it('of a user spares a later login by single sign-on, whose auth_time is that of the first', async () => {
    const now = Date.now();
    const auth_time = Math.floor(now / 1000) - 600;
    const old = await login({ auth_time });
    await app.oidc.sessions.end({ issuer: signer.issuer, sub: 'alice' });
    setTime(now + 2000);
    const later = await login({ auth_time, sid: 'sid-2' });
    expect([await statusOf(later), await statusOf(old)]).toEqual([200, 401]);
  });

  it('ends one session by its sid, and leaves the others', async () => {
    const laptop = await login({ sid: 'laptop' });
    const phone = await login({ sid: 'phone' });
    await app.oidc.sessions.end({ issuer: signer.issuer, sid: 'laptop' });
    expect([await statusOf(laptop), await statusOf(phone)]).toEqual([401, 200]);
    await expect(app.oidc.sessions.rotate(laptop, await tokensOf())).rejects.toThrow(
      SessionEndedError,
    );
  });

  it('ends everything that was issued to a user until now, and nothing later', async () => {
    const [alice, bob] = [await login(), await login({ sub: 'bob', sid: 'sid-2' })];
    const unsaved = await signer.accessToken({ sid: undefined });
    const withoutSid = await login({ sid: undefined });
    await app.oidc.sessions.end({ issuer: signer.issuer, sub: 'alice' });
    const refreshed = await signer.accessToken({ iat: Math.floor(Date.now() / 1000) + 5 });
    for (const access_token of [alice.access_token, unsaved, withoutSid.access_token, refreshed]) {
      expect(await statusOf({ access_token })).toBe(401);
    }
    expect(await statusOf(bob)).toBe(200);
    setTime(Date.now() + 2000);
    const later = await login();
    expect(await statusOf(later)).toBe(200);
    expect(await statusOf(alice)).toBe(401);
  });

  it('of a user ends more sessions than fit into one call of the store', async () => {
    const count = 200;
    const es256 = await createSigner(signer.issuer, { alg: 'ES256' });
    app = start(optionsFor(es256, { provider: { algorithms: ['ES256'] } }));
    const names = Array.from({ length: count }, (_, index) => `sid-${index}`);
    const heard = new Set<string | undefined>();
    app.oidc.on('session-ended', ({ sid }) => heard.add(sid));
    for (let index = 0; index < count; index += 50) {
      const some = names.slice(index, index + 50).map(async (sid) => {
        const id_token = await es256.idToken({ sid });
        await app.oidc.sessions.save({ access_token: `opaque-${sid}`, id_token });
      });
      await Promise.all(some);
    }
    expect(await keysOf('session')).toHaveLength(count);

    await app.oidc.sessions.end({ issuer: signer.issuer, sub: 'alice' });

    await until(async () => (await keysOf('session')).length === 0);
    expect([...heard].sort()).toEqual(names.sort());
    for (const index of [0, 3, 4, 99, 100, 199]) {
      expect(await statusOf({ access_token: `opaque-sid-${index}` })).toBe(401);
    }
    expect(app.events.filter(([name]) => name === 'store-error')).toEqual([]);
    const kinds = app.events.map(([, event]) => (event as { kind?: string }).kind);
    expect(kinds.filter((kind) => kind === 'session')).toHaveLength(count);
    await app.oidc.close();
  });

  it('compares auth_time, where a token has it, so that a refreshed token stays out', async () => {
    const now = Math.floor(Date.now() / 1000);
    await app.oidc.sessions.end({ issuer: signer.issuer, sub: 'alice' });
    const claims = { sid: undefined, iat: now + 5 };
    const old = await signer.accessToken({ ...claims, auth_time: now - 600 });
    const renewed = await signer.accessToken({ ...claims, auth_time: now + 5 });
    expect(await statusOf({ access_token: old })).toBe(401);
    expect(await statusOf({ access_token: renewed })).toBe(200);
  });

  it('is no error for what has ended or was never known', async () => {
    const name = { issuer: signer.issuer, sid: 'sid-1' };
    await login();
    await app.oidc.sessions.end(name);
    await app.oidc.sessions.end(name);
    await app.oidc.sessions.end({ issuer: signer.issuer, sub: 'nobody' });
    setTime(Date.now() + 1000);
    const later = await login();
    expect(await statusOf(later)).toBe(200);
    await app.oidc.sessions.end(name);
    expect(await statusOf(later)).toBe(401);
  });

  it('takes any sid that a provider may issue', async () => {
    const sid = 'a b&c#d%e"f\'g\\h/../{*}\u00e9';
    const [odd, plain] = [await login({ sid }), await login({ sid: 'a' })];
    await app.oidc.sessions.end({ issuer: signer.issuer, sid });
    expect([await statusOf(odd), await statusOf(plain)]).toEqual([401, 200]);
    expect(JSON.stringify(Object.keys(await redis.dump()))).not.toContain('a b');
  });

  it.each([
    [{ issuer: 'https://other.example.com', sid: 'a' }, '"issuer" is not a configured one'],
    [{ issuer: 'https://op.example.com', sid: '' }, '"sid" must be a string that is not empty'],
    [
      { issuer: 'https://op.example.com', sid: 'a', sub: 'b' },
      '"sid" and "sub" exclude each other',
    ],
    [undefined, '"session" must be an object'],
    [{ issuer: 'https://op.example.com' }, '"sid" must be a string that is not empty'],
    [{ issuer: 'https://op.example.com', sub: 1 }, '"sub" must be a string that is not empty'],
  ])('refuses %j', async (name, message) => {
    await expect(app.oidc.sessions.end(name as never)).rejects.toThrow(new TypeError(message));
    expect(await redis.dump()).toEqual({});
  });

  it('tells what was invalidated', async () => {
    await login();
    await app.oidc.sessions.end({ issuer: signer.issuer, sub: 'alice' });
    const told = { issuer: signer.issuer, subject: 'alice', sid: undefined };
    expect(app.events).toEqual([
      ['invalidated', { kind: 'subject', ...told }],
      ['invalidated', { kind: 'session', ...told, sid: 'sid-1' }],
    ]);
  });
});

describe('sessions.isActive', () => {
  const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;
  /** Of a login some time ago. */
  const LOGIN = { iat: inSeconds(-100), auth_time: inSeconds(-200) };

  const claimsOf = (changes: Claims = {}) =>
    ({ iss: signer.issuer, sub: 'alice', sid: 'sid-1', ...LOGIN, ...changes }) as LoginClaims;
  const isActive = (changes: Claims = {}) => app.oidc.sessions.isActive(claimsOf(changes));

  async function deliver(claims: Claims = {}): Promise<void> {
    const logout_token = await signer.logoutToken(claims);
    const post = request(app.app).post(BACK_CHANNEL_LOGOUT).type('form');
    await post.send({ logout_token }).expect(200);
  }

  const ENDS: Record<string, () => Promise<unknown>> = {
    'a Logout Token of the session': () => deliver(),
    'a Logout Token of the user': () => deliver({ sid: undefined }),
    'an end of the session by the app': () =>
      app.oidc.sessions.end({ issuer: signer.issuer, sid: 'sid-1' }),
    'an end of the user by the app': () =>
      app.oidc.sessions.end({ issuer: signer.issuer, sub: 'alice' }),
    'a logout by a token': async () => logOut({ access_token: await signer.accessToken() }),
  };

  it.each(Object.keys(ENDS))('tells after %s that an unsaved login is over', async (name) => {
    expect(await isActive()).toBe(true);
    await ENDS[name]?.();
    expect(await isActive()).toBe(false);
    expect(await isActive({ iat: undefined, auth_time: undefined })).toBe(false);
    expect(await isActive({ sid: 'sid-2', sub: 'bob' })).toBe(true);
  });

  it.each(Object.keys(ENDS))('tells after %s that a saved login is over', async (name) => {
    await login(LOGIN);
    expect(await isActive()).toBe(true);
    await ENDS[name]?.();
    expect(await isActive()).toBe(false);
  });

  it('tells that a login is over that was refreshed before its own logout', async () => {
    const tokens = await login(LOGIN);
    await logOut(tokens).expect(200);
    const iat = LOGIN.iat + 50;
    expect(await isActive({ iat })).toBe(false);
    expect(await isActive({ iat, auth_time: undefined })).toBe(false);
  });

  it('tells so of it beside a later login of the same sid and auth_time, too', async () => {
    await logOut(await login(LOGIN)).expect(200);
    const later = { ...LOGIN, iat: inSeconds(60) };
    await login(later);
    expect(await isActive({ iat: LOGIN.iat + 50 })).toBe(false);
    expect(await isActive(later)).toBe(true);
  });

  it('lets the sessions of other users, and other sessions, go on', async () => {
    await deliver();
    expect(await isActive({ sid: 'sid-2' })).toBe(true);
    await deliver({ sid: undefined });
    expect(await isActive({ sid: 'sid-2' })).toBe(false);
    expect(await isActive({ sid: 'sid-2', sub: 'bob' })).toBe(true);
  });

  it('lets a later login of the same sid go on by its auth_time', async () => {
    await deliver();
    const iat = inSeconds(60);
    expect(await isActive({ iat, auth_time: iat })).toBe(true);
    expect(await isActive({ iat })).toBe(false);
    expect(await isActive({ iat: undefined, auth_time: iat })).toBe(true);
    expect(await isActive({ iat, auth_time: undefined })).toBe(false);
  });

  it('takes a time that is null for none', async () => {
    expect(await isActive({ iat: null, auth_time: null })).toBe(true);
    await deliver();
    expect(await isActive({ iat: null, auth_time: null })).toBe(false);
  });

  it.each(['a Logout Token of the user', 'an end of the user by the app'])(
    'tells after %s that an unsaved login is over, though a later one of its sid is saved',
    async (name) => {
      await ENDS[name]?.();
      await login({ iat: inSeconds(60) });
      expect(await isActive()).toBe(false);
      expect(await isActive({ iat: inSeconds(60) })).toBe(true);
    },
  );

  it.each<[string, string, Claims]>(
    Object.keys(ENDS).flatMap((name): [string, string, Claims][] => [
      [name, 'with the same auth_time', { auth_time: LOGIN.auth_time }],
      [name, 'without an auth_time', { auth_time: undefined }],
    ]),
  )('lets after %s a later login %s go on, once it is saved', async (name, _what, changes) => {
    await login(LOGIN);
    await ENDS[name]?.();
    const later = { ...changes, iat: inSeconds(60) };
    expect(await isActive(later)).toBe(false);
    const tokens = await login(later);
    expect(await isActive(later)).toBe(true);
    expect(await isActive({ ...later, sub: 'bob' })).toBe(false);
    expect(await isActive()).toBe(false);
    await logOut(tokens).expect(200);
    expect(await isActive(later)).toBe(false);
  });

  it('hears of ends of the user alone where there is no sid', async () => {
    const without = { sid: undefined };
    for (const sid of [undefined, null, '']) expect(await isActive({ sid })).toBe(true);
    await deliver();
    expect(await isActive(without)).toBe(false);
    expect(await isActive({ sid: 'sid-2' })).toBe(true);
    await deliver({ sid: undefined });
    const iat = inSeconds(60);
    expect(await isActive({ ...without, iat, auth_time: iat })).toBe(true);
    expect(await isActive({ ...without, iat })).toBe(false);
  });

  it('tells it in another process at once, also with a near-cache', async () => {
    const elsewhere = start({ nearCache: {} });
    const client = redis.connect();
    const reads = async () =>
      /cmdstat_mget:calls=(\d+)/.exec(await client.info('commandstats'))?.[1];
    await until(async () => {
      const before = await reads();
      expect(await elsewhere.oidc.sessions.isActive(claimsOf())).toBe(true);
      return before !== undefined && before === (await reads());
    });
    await deliver();
    await until(async () => !(await elsewhere.oidc.sessions.isActive(claimsOf())));
    await elsewhere.oidc.close();
  });

  it('refuses every login from before the store lost its memory, with onStoreLoss', async () => {
    app = start({ onStoreLoss: 'refuse' });
    await until(async () => Object.keys(await redis.dump()).includes('oidc1:e'));
    expect(await isActive()).toBe(false);
    const later = { iat: inSeconds(60), auth_time: inSeconds(60) };
    expect(await isActive(later)).toBe(true);
    await login(later);
    expect(await isActive()).toBe(false);
    expect(await isActive(later)).toBe(true);
  });

  it.each<[unknown, string]>([
    [undefined, '"claims" must be an object'],
    ['a.b.c', '"claims" must be an object'],
    [{}, '"iss" is not a configured issuer'],
    [{ iss: 'https://other.example.com', sub: 'alice' }, '"iss" is not a configured issuer'],
    [{ iss: 'https://op.example.com' }, '"sub" must be a string that is not empty'],
    [{ iss: 'https://op.example.com', sub: '' }, '"sub" must be a string that is not empty'],
    [{ iss: 'https://op.example.com', sub: 'a', sid: 1 }, '"sid" must be a string'],
    [{ iss: 'https://op.example.com', sub: 'a', iat: '1' }, '"iat" must be a number of seconds'],
    [{ iss: 'https://op.example.com', sub: 'a', auth_time: NaN }, '"auth_time" must be a number'],
  ])('refuses %j', async (claims, message) => {
    const refused = app.oidc.sessions.isActive(claims as never);
    await expect(refused).rejects.toThrow(TypeError);
    await expect(refused).rejects.toThrow(message);
  });
});

it('two providers with the same sid and sub do not touch each other', async () => {
  const other = await createSigner('https://other.example.com');
  const entries = [optionsFor(signer).provider, optionsFor(other).provider].flat();
  app = start({ provider: entries });
  const here = await login();
  const there = { access_token: await other.accessToken(), id_token: await other.idToken() };
  await app.oidc.sessions.save(there);
  const answer = await logOut(there).expect(200);
  expect(JSON.stringify(answer.body)).toContain('https://other.example.com/logout?id_token_hint=');
  expect([await statusOf(here), await statusOf(there)]).toEqual([200, 401]);
  const forged = await other.accessToken({ iss: signer.issuer });
  expect(await statusOf({ access_token: forged })).toBe(401);
  const idToken = await other.idToken();
  app.app.get('/own-logout', (req, res, next) => {
    const { issuer } = req.query as { readonly issuer?: string };
    const url = app.oidc.endSessionUrl(req, res, { idToken, issuer });
    url.then((redirect) => res.json({ redirect }), next);
  });
  const url = async (query: object) =>
    redirectOf(await request(app.app).get('/own-logout').query(query).expect(200));
  expect(await url({})).toContain(`https://other.example.com/logout?id_token_hint=${idToken}&`);
  expect(await url({ issuer: signer.issuer })).toMatch(
    /^https:\/\/op.example.com\/logout\?client_id=/,
  );
});

it('an outage of the store is told as such', async () => {
  const tokens = await login();
  const client = redis.connect();
  const { oidc } = start({ redis: client });
  client.disconnect();
  await expect(oidc.sessions.save(tokens)).rejects.toThrow(StoreUnavailableError);
  await expect(oidc.sessions.rotate(tokens, await tokensOf())).rejects.toThrow(
    StoreUnavailableError,
  );
  const name = { issuer: signer.issuer, sid: 'sid-1' };
  await expect(oidc.sessions.end(name)).rejects.toThrow(StoreUnavailableError);
  const claims = { iss: signer.issuer, sub: 'alice', sid: 'sid-1' };
  await expect(oidc.sessions.isActive(claims)).rejects.toThrow(StoreUnavailableError);
  expect(await statusOf(tokens)).toBe(200);
});
