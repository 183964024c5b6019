import { afterEach, beforeEach, expect } from '@jest/globals';
import type { OidcLogoutOptions } from '../../lib/index.ts';
import { type RedisSentinel, startRedisSentinel } from './redis-sentinel.ts';
import {
  expectAlive,
  expectDead,
  login,
  logOut,
  newToken,
  redirectOf,
  type Running,
  startApp,
} from './redis-traffic.ts';

/** That of this spec, in a file that calls {@link useRedisSentinel}. */
export let redis: RedisSentinel;
let apps: Running[];

/** Starts a master with its replicas and sentinels for each spec of a file. */
export function useRedisSentinel(): void {
  beforeEach(async () => {
    redis = await startRedisSentinel();
    apps = [];
  });

  afterEach(async () => {
    for (const app of apps) await app.stop();
    await redis.stop();
  });
}

export async function start(options: Partial<OidcLogoutOptions> = {}): Promise<Running> {
  const app = await startApp({ redis: redis.createClient(), ...options });
  apps.push(app);
  return app;
}

export async function expectAllWorks(one: Running, other: Running): Promise<void> {
  for (const app of [one, other]) {
    const { access_token, id_token } = await login(app);
    const neighbour = await newToken();
    await expectAlive(access_token, one, other);
    const answer = await logOut(app, access_token).expect(200);
    expect(redirectOf(answer).searchParams.get('id_token_hint')).toBe(id_token);
    await expectDead(access_token, one, other);
    await expectAlive(neighbour, one, other);
  }
}
