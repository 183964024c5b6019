import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { compareModels } from './model-comparison.ts';

let server: RedisServer;

beforeAll(async () => {
  server = await startRedisServer();
});

afterAll(() => server.close());

it('the scripts in Redis do what the pure functions do', async () => {
  const count = await compareModels(server.connect(), server.connect(), { numRuns: 100 });
  expect(count).toBeGreaterThanOrEqual(2000);
});
