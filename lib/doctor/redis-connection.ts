import { createRequire } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { failureReason } from '../input/failure-reason.ts';
import type { RedisClient, RedisConnection } from '../store/redis/redis-client.ts';
import { TIMEOUT_MS } from './document.ts';
import { type Finding, unknown, wrong } from './finding.ts';

export interface DoctorRedis extends RedisConnection {
  readonly options: { readonly socketTimeout?: unknown };
}

type Ioredis = new (url: string, options: object) => DoctorRedis;

/** Of the app, which may have no ioredis. */
async function findIoredis(): Promise<Ioredis | undefined> {
  const { resolve } = createRequire(join(process.cwd(), 'package.json'));
  try {
    const { Redis } = (await import(pathToFileURL(resolve('ioredis')).href)) as { Redis: Ioredis };
    return Redis;
  } catch {
    return undefined;
  }
}

/** Answers a finding alone where Redis cannot be used. */
export async function withRedis<Result>(
  url: string,
  use: (client: DoctorRedis) => Promise<Result>,
): Promise<Result | Finding> {
  const Redis = await findIoredis();
  if (Redis === undefined) {
    return unknown('Redis', 'Not asked: there is no ioredis in this folder. npm install ioredis');
  }
  const client = new Redis(url, { lazyConnect: true, retryStrategy: null });
  let failure: unknown;
  client.on('error', (error: unknown) => (failure = error));
  const late = wrong('Redis', `It does not answer within ${TIMEOUT_MS / 1000} s.`);
  try {
    return await Promise.race([
      client.connect().then(() => use(client)),
      setTimeout(TIMEOUT_MS, late, { ref: false }),
    ]);
  } catch (error) {
    // The client's own error tells no more than that the connection is closed.
    return wrong('Redis', `It cannot be asked: ${failureReason(failure ?? error)}.`);
  } finally {
    client.disconnect();
  }
}

/** Of what the package sends, the reading commands alone: it would begin a memory of its own. */
export function readingAlone(client: RedisClient): RedisClient {
  const refuse = () => Promise.reject(new Error());
  const reading: Partial<RedisClient> = {
    status: 'ready',
    isCluster: false,
    get: (key) => client.get(key),
    mget: (keys) => client.mget(keys),
    call: refuse,
    pipeline: () => ({ exec: refuse }),
    duplicate: () => client.duplicate(),
  };
  return reading as RedisClient;
}
