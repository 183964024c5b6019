import { startRedisServer } from '../support/redis-server.ts';
import { compareModels } from './model-comparison.ts';

// npm run model:compare [-- operations]: the pure functions and the scripts, on many random operations.
const operations = Number(process.argv[2] ?? 100_000);
const server = await startRedisServer();
try {
  const numRuns = Math.ceil(operations / 20);
  const count = await compareModels(server.connect(), server.connect(), {
    numRuns,
    ...(process.argv[3] !== undefined && { seed: Number(process.argv[3]) }),
    endOnFailure: false,
  });
  console.log(`${count} operations: the same replies, messages and state`);
} finally {
  await server.close();
}
