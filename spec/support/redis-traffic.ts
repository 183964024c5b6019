import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { expect } from '@jest/globals';
import request from 'supertest';
import type { OidcLogoutOptions } from '../../lib/index.ts';
import { type App, appWith, LOGOUT, optionsFor } from './app.ts';
import { type Claims, createSigner } from './provider.ts';
import { poll, readsAt, type RedisNode } from './redis-node.ts';

/** Milliseconds in which every request is answered, whatever becomes of Redis. */
export const ANSWERED_WITHIN = 3000;

/** Milliseconds between two rounds: without a pause the traffic takes all of a core while Redis fails over. */
const PAUSE = 100;

const INVALIDATED = {
  error: 'invalid_token',
  error_description: 'The access token was invalidated by a logout',
};

const UNAVAILABLE = {
  error: 'temporarily_unavailable',
  error_description: 'The invalidation list is not reachable',
};

/** An app, of this process or another one. */
export interface Instance {
  readonly url: string;
}

/** An app of this process. */
export interface Running extends App, Instance {
  stop(): Promise<void>;
}

interface Tokens {
  readonly access_token: string;
  readonly id_token: string;
  readonly refresh_token: string;
}

/** Logouts and guarded requests in both apps, until it is stopped. */
export interface Traffic {
  /** Tokens whose logout was answered 200. */
  readonly loggedOut: string[];
  /** Resolves when so many more were. */
  until(more: number): Promise<void>;
  /** Resolves when one more request was answered 503. */
  untilUnavailable(): Promise<void>;
  stop(): Promise<void>;
}

// The signatures that cost least.
const ALGORITHM = 'EdDSA';

export const signer = await createSigner(undefined, { alg: ALGORITHM });

export async function startApp(options: Partial<OidcLogoutOptions>): Promise<Running> {
  const app = appWith({
    ...optionsFor(signer, { provider: { algorithms: [ALGORITHM] } }),
    ...options,
  });
  const server = createServer(app.app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    ...app,
    url: `http://127.0.0.1:${port}`,
    async stop() {
      server.close();
      server.closeAllConnections();
      await app.oidc.close();
    },
  };
}

let serial = 0;

/** Somebody who was not there before. */
export function newOwner(): { sub: string; sid: string } {
  const name = `${++serial}`;
  return { sub: `user-${name}`, sid: `sid-${name}` };
}

export function newToken(): Promise<string> {
  return signer.accessToken(newOwner());
}

export async function tokensOf(claims: Claims): Promise<Tokens> {
  const [access_token, id_token] = [signer.accessToken(claims), signer.idToken(claims)];
  const refresh_token = `refresh-${++serial}`;
  return { access_token: await access_token, id_token: await id_token, refresh_token };
}

export async function login({ oidc }: App, claims: Claims = newOwner()): Promise<Tokens> {
  const tokens = await tokensOf(claims);
  await oidc.sessions.save(tokens);
  return tokens;
}

export function call({ url }: Instance, access_token: string): request.Test {
  return request(url)
    .get('/api')
    .set('Authorization', `Bearer ${access_token}`)
    .timeout(ANSWERED_WITHIN);
}

export function logOut({ url }: Instance, access_token: string): request.Test {
  return request(url).post(LOGOUT).send({ access_token }).timeout(ANSWERED_WITHIN);
}

export function redirectOf({ body }: request.Response): URL {
  return new URL((body as { redirect: string }).redirect);
}

export function expectUnavailable({ status, headers, body }: request.Response): void {
  expect(status).toBe(503);
  expect(headers).toMatchObject({ 'retry-after': '1', 'cache-control': 'no-store' });
  expect(headers).not.toHaveProperty('www-authenticate');
  expect(body).toEqual(UNAVAILABLE);
}

/** The answer is the expected one, unless Redis is away. */
function expectStatus(answer: request.Response, expected: number): void {
  if (answer.status === 503) expectUnavailable(answer);
  else expect([answer.status, answer.body]).toEqual([expected, expect.anything()]);
}

export async function expectAlive(access_token: string, ...instances: Instance[]): Promise<void> {
  for (const instance of instances) {
    const answer = await call(instance, access_token);
    expect([answer.status, answer.body]).toEqual([
      200,
      expect.objectContaining({ token: access_token }),
    ]);
  }
}

export async function expectDead(access_token: string, ...instances: Instance[]): Promise<void> {
  for (const instance of instances) {
    const answer = await call(instance, access_token);
    expect([answer.status, answer.body]).toEqual([401, INVALIDATED]);
    expect(answer.headers['www-authenticate']).toMatch(
      /^Bearer realm="api", error="invalid_token", /,
    );
  }
}

/** Tries until the store is there: each logout before is a 503. */
export async function untilServed(...instances: Instance[]): Promise<void> {
  for (const instance of instances) {
    await poll(async () => {
      const answer = await logOut(instance, await newToken());
      expectStatus(answer, 200);
      return answer.status === 200;
    });
  }
}

/** Calls the API until it goes by what it remembers: nothing else may ask these nodes meanwhile. */
export async function untilNear(
  instance: Instance,
  nodes: readonly RedisNode[],
  access_token: string,
): Promise<void> {
  await poll(async () => {
    const before = await readsAt(nodes);
    const answer = await call(instance, access_token);
    expectStatus(answer, 200);
    return answer.status === 200 && (await readsAt(nodes)) === before;
  });
}

/** A token that both remember as valid is logged out in one, and the other hears of it. */
export async function expectPushed(
  here: Instance,
  there: Instance,
  nodes: readonly RedisNode[],
): Promise<void> {
  const access_token = await newToken();
  for (const instance of [here, there]) await untilNear(instance, nodes, access_token);
  await logOut(here, access_token).expect(200);
  await expectDead(access_token, here);
  await poll(async () => {
    const answer = await call(there, access_token);
    if (answer.status !== 401) expectStatus(answer, 200);
    return answer.status === 401;
  });
  await expectDead(access_token, there);
}

/** With `durable` a token stays logged out whatever happens to Redis. */
export function startTraffic(
  [one, other]: readonly [Running, Running],
  { durable }: { durable: boolean },
): Traffic {
  const loggedOut: string[] = [];
  let unavailable = 0;
  let isOver = false;

  /** Whether it was served. */
  async function send(test: request.Test, expected: number): Promise<boolean> {
    const answer = await test;
    expectStatus(answer, expected);
    if (answer.status !== 503) return true;
    unavailable += 1;
    return false;
  }

  async function work(instance: Running, witness: Running): Promise<void> {
    const alive = await login(instance);
    while (!isOver) {
      await setTimeout(PAUSE);
      const access_token = await newToken();
      await send(call(witness, access_token), 200);
      await send(call(instance, alive.access_token), 200);
      if (!(await send(logOut(instance, access_token), 200))) continue;
      loggedOut.push(access_token);
      if (!durable) continue;
      for (const each of loggedOut.slice(-5)) await send(call(witness, each), 401);
    }
  }

  const pairs = [
    [one, other],
    [other, one],
  ] as const;
  const workers = Promise.all([...pairs, ...pairs].map((pair) => work(...pair)));
  workers.catch(() => undefined);

  async function reaches(enough: number, count: () => number): Promise<void> {
    await Promise.race([workers, poll(() => Promise.resolve(count() >= enough))]);
  }

  return {
    loggedOut,
    until: (more) => reaches(loggedOut.length + more, () => loggedOut.length),
    untilUnavailable: () => reaches(unavailable + 1, () => unavailable),
    async stop() {
      isOver = true;
      await workers;
    },
  };
}
