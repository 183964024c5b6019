import type { Redis } from 'ioredis';
import { parseInfo } from '../../spec/support/redis-node.ts';
import { type Cost, type Costs, measureRounds } from '../rounds.ts';
import { ServerProcess } from '../server-process.ts';
import { ENTRIES } from './entries-group.ts';
import { refill } from './invalidation-list.ts';
import type { Figures, Row, Section } from './section.ts';
import type { World } from './world.ts';

const SIZES = [1e2, 1e3, 1e4, 1e5, 1e6];
// Beside fewer entries the connections weigh more.
const LEAST_WEIGHED = 1e4;

const ABOUT = `
CPU time of a request in microseconds, in the server process, with so many entries at the beginning of a round; the
requests of a round add some 2,000.
`;

const ABOUT_REDIS = `
CPU time of redis-server for a request, in microseconds, and its memory for an entry.
`;

export async function measureEntries(world: World): Promise<Section[]> {
  const { redis, settings, signers, rounds } = world;
  const server = await ServerProcess.start(ENTRIES, settings);
  const parts = { signer: signers.RS256, server, redis };
  const [ofServer, ofRedis]: [Row[], Row[]] = [[], []];
  const before = await memoryOf(redis);
  for (const size of SIZES) {
    const beforeRound = () => refill(redis, size);
    await beforeRound();
    const memory = ((await memoryOf(redis)) - before) / size;
    const costs = await measureRounds(ENTRIES, parts, { rounds, beforeRound });
    ofServer.push({ size, figures: figuresOf(costs, 'server') });
    const bytes = size < LEAST_WEIGHED ? [] : [memory];
    ofRedis.push({ size, figures: { ...figuresOf(costs, 'redis'), 'memory, bytes': bytes } });
  }
  await server.stop();
  return [
    { title: 'Entries on the invalidation list', about: ABOUT, of: 'entries', rows: ofServer },
    { title: 'The same in redis-server', about: ABOUT_REDIS, of: 'entries', rows: ofRedis },
  ];
}

function figuresOf(costs: Costs, process: keyof Cost): Figures {
  return Object.fromEntries(
    Array.from(costs, ([name, each]) => [name, each.map((cost) => cost[process])]),
  );
}

async function memoryOf(redis: Redis): Promise<number> {
  return Number(parseInfo(await redis.info('memory')).used_memory);
}
