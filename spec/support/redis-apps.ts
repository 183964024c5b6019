import { afterAll, afterEach, beforeAll, jest } from '@jest/globals';
import type { Express } from 'express';
import type { OidcLogoutOptions } from '../../lib/index.ts';
import { type App, appWith, optionsFor } from './app.ts';
import { createSigner, type Signer } from './provider.ts';
import { type RedisServer, startRedisServer } from './redis-server.ts';

/** Those of the specs of a file, once they call {@link useRedisApps}. */
export let redis: RedisServer;
export let signer: Signer;

/** Starts a Redis for the specs of a file; after each of them it is empty, and the clocks are right. */
export function useRedisApps(): void {
  beforeAll(async () => {
    redis = await startRedisServer();
    signer = await createSigner();
  });

  afterAll(() => redis.close());

  afterEach(async () => {
    jest.useRealTimers();
    await redis.flush();
  });
}

/** Starts an app on the Redis. */
export function start(options: Partial<OidcLogoutOptions> = {}, app?: Express): App {
  return appWith({ ...optionsFor(signer), redis: redis.connect(), ...options }, app);
}
