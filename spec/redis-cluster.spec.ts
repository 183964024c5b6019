import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import {
  describe,
  expect,
  it,
  jest,
  beforeAll,
  afterAll,
  beforeEach,
  afterEach,
} from '@jest/globals';
import request from 'supertest';
import { SessionEndedError } from '../lib/index.ts';
import { BACK_CHANNEL_LOGOUT, LOGGED_OUT } from './support/app.ts';
import { compiled } from './support/compiled.ts';
import type { Claims } from './support/provider.ts';
import {
  cluster,
  ENTRY,
  keysOf,
  keysOfAll,
  start,
  useRedisCluster,
} from './support/redis-cluster-apps.ts';
import { addressOf } from './support/redis-node.ts';
import {
  ANSWERED_WITHIN,
  expectAlive,
  expectDead,
  type Instance,
  login,
  logOut,
  newOwner,
  newToken,
  redirectOf,
  type Running,
  signer,
  tokensOf,
} from './support/redis-traffic.ts';

jest.setTimeout(60_000);

/** What scripts touch together has the hash tag of its session or user, or of a part of the Cluster. */
const TAGGED = /^oidc1:(?:[xsul]\{[\w-]{22}\}|e\{\d{1,2}\})$/;

/** The app in another process, with a client of its own. */
const OTHER_PROCESS = `
import { Cluster } from 'ioredis';
import { appWith, optionsFor } from './spec/support/app.js';
const [signer, nodes] = JSON.parse(process.argv[1]);
const provider = { algorithms: [signer.jwk.alg] };
const { app } = appWith({ ...optionsFor(signer, { provider }), redis: new Cluster(nodes) });
const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;

let one: Running;

useRedisCluster();

async function notify({ url }: Instance, claims: Claims): Promise<void> {
  const logout_token = await signer.logoutToken(claims);
  const test = request(url).post(BACK_CHANNEL_LOGOUT).type('form').send({ logout_token });
  await test.timeout(ANSWERED_WITHIN).expect(200, '');
}

async function startProcess(): Promise<{ url: string; process: ChildProcess }> {
  const input = JSON.stringify([
    { issuer: signer.issuer, jwk: signer.jwk },
    cluster.nodes.map(addressOf),
  ]);
  const args = ['--input-type=module', '--eval', OTHER_PROCESS, input];
  const child = spawn(process.execPath, args, {
    cwd: compiled(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const port of createInterface(child.stdout)) {
    return { url: `http://127.0.0.1:${port}`, process: child };
  }
  throw new Error('The app did not start');
}

describe('two processes with one Redis Cluster', () => {
  let process: ChildProcess;
  let second: Instance;

  beforeAll(async () => {
    ({ process, ...second } = await startProcess());
  });

  afterAll(async () => {
    process.kill();
    await once(process, 'exit');
  });

  beforeEach(async () => {
    one = await start();
  });

  afterEach(() => {
    expect(one.events.filter(([name]) => name === 'store-error')).toEqual([]);
  });

  it.each<[string, () => Promise<string>]>([
    ['with sid, saved', async () => (await login(one)).access_token],
    ['without sid, saved', async () => (await login(one, { sid: undefined })).access_token],
    ['with sid, not saved', () => newToken()],
    ['without sid, not saved', () => signer.accessToken({ sid: undefined })],
  ])('a token %s is dead in one when it was logged out in the other', async (_what, issue) => {
    for (const [here, there] of [
      [one, second],
      [second, one],
    ] as const) {
      const access_token = await issue();
      const neighbour = await newToken();
      await expectAlive(access_token, here, there);
      const redirect = redirectOf(await logOut(here, access_token).expect(200));
      expect(redirect.searchParams.get('state')).toMatch(/^[\w-]{43}$/);
      await expectDead(access_token, there, here);
      await expectAlive(neighbour, there, here);
    }
  });

  it('a logout reaches the other tokens of its session, and its retry the same answer', async () => {
    const owner = newOwner();
    const { access_token, id_token } = await login(one, owner);
    const sibling = await signer.accessToken(owner);
    const first = redirectOf(await logOut(second, access_token).expect(200));
    expect(first.searchParams.get('id_token_hint')).toBe(id_token);
    expect(redirectOf(await logOut(one, access_token).expect(200))).toEqual(first);
    await expectDead(sibling, one, second);
  });

  it.each([undefined, 'sid-1'])('a refresh keeps the session (sid %s)', async (sid) => {
    const claims = { sub: newOwner().sub, sid };
    const old = await login(one, claims);
    const renewed = await tokensOf(claims);
    await one.oidc.sessions.rotate(old, renewed);
    await expectAlive(renewed.access_token, one, second);
    await logOut(second, renewed.access_token).expect(200);
    await expectDead(old.access_token, one, second);
    await expectDead(renewed.access_token, one, second);
    const late = await tokensOf(claims);
    await expect(one.oidc.sessions.rotate(renewed, late)).rejects.toThrow(SessionEndedError);
    await expectDead(late.access_token, one, second);
  });

  it('the end of a user ends all that the user has, and nobody else has', async () => {
    const { sub } = newOwner();
    const laptop = await login(one, { sub, sid: newOwner().sid });
    const phone = await login(one, { sub, sid: undefined });
    const unsaved = await signer.accessToken({ sub, sid: newOwner().sid });
    const neighbour = await login(one);
    await one.oidc.sessions.end({ issuer: signer.issuer, sub });
    await expectDead(laptop.access_token, second, one);
    await expectDead(phone.access_token, second, one);
    await expectDead(unsaved, second, one);
    await expectAlive(neighbour.access_token, second, one);
  });

  it('the provider ends a session, or all of a user', async () => {
    const { sub, sid } = newOwner();
    const laptop = await login(one, { sub, sid });
    const phone = await login(one, { sub, sid: newOwner().sid });
    await notify(second, { sub, sid });
    await expectDead(laptop.access_token, one, second);
    await expectAlive(phone.access_token, one, second);
    await notify(one, { sub, sid: undefined });
    await expectDead(phone.access_token, second, one);
  });

  it('a browser that logged out in one comes back to the other, once', async () => {
    const access_token = await newToken();
    const answer = await logOut(second, access_token).set('Return-To', '/shop').expect(200);
    const state = redirectOf(answer).searchParams.get('state') ?? '';
    const cookie = answer.get('Set-Cookie')?.[0]?.split(';')[0] ?? '';
    const comeBack = () =>
      request(one.url).get(`${LOGGED_OUT}?state=${state}`).set('Cookie', cookie);
    await comeBack().expect(200, { outcome: 'verified', returnTo: '/shop' });
    await comeBack().expect(200, { outcome: 'mismatch' });
  });

  it('spread the list over all masters, by its digests', async () => {
    const logOutNew = async () => logOut(one, await newToken()).expect(200);
    for (let count = 0; count < 300; count += 20) {
      await Promise.all(Array.from({ length: 20 }, logOutNew));
    }
    const masters = await cluster.masters();
    const perMaster = await Promise.all(masters.map((master) => keysOf(master, ENTRY)));
    // A token and its session each.
    expect(perMaster.flat()).toHaveLength(600);
    expect(perMaster).toHaveLength(3);
    for (const { length } of perMaster) expect(length).toBeGreaterThan(600 * 0.15);
    for (const key of await keysOfAll(masters, /[{}]/)) expect(key).toMatch(TAGGED);
  });
});
