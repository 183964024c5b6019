import type { Redis } from 'ioredis';
import { shuffle } from 'simple-statistics';
import type { Signer } from '../spec/support/provider.ts';
import { parseInfo } from '../spec/support/redis-node.ts';
import type { Group } from './group.ts';
import { createLogins } from './provider.ts';
import type { ServerProcess } from './server-process.ts';

/** Of one round. */
export const LOGINS = 150;
const WARM_UP_ROUNDS = 10;

/** Of one request, in microseconds of the processor. */
export interface Cost {
  readonly server: number;
  /** The part of `server` that is no other thread's. */
  readonly main: number;
  readonly redis: number;
  /** Of Redis, with those of its scripts. */
  readonly commands: number;
}

/** The costs of each variant, one of each round. */
export type Costs = ReadonlyMap<string, readonly Cost[]>;

export interface Parts {
  readonly signer: Signer;
  readonly server: ServerProcess;
  readonly redis: Redis;
}

export interface Course {
  readonly rounds: number;
  readonly beforeRound?: () => Promise<void>;
}

/** Gives all variants their turn in each round, in random order. */
export async function measureRounds(
  { variants }: Group,
  { signer, server, redis }: Parts,
  { rounds, beforeRound }: Course,
): Promise<Costs> {
  const steady = await createLogins(signer, LOGINS);
  const costs = new Map(Object.keys(variants).map((name) => [name, [] as Cost[]]));

  async function clock(): Promise<Cost> {
    const { allThreads, mainThread } = await server.cpuTime();
    const { total_commands_processed } = parseInfo(await redis.info('stats'));
    return {
      server: allThreads,
      main: mainThread,
      redis: await redisTime(redis),
      commands: Number(total_commands_processed),
    };
  }

  for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
    await beforeRound?.();
    const turns = Object.entries(variants).map(async ([name, { createRequests }]) => ({
      name,
      batches: await createRequests(signer, steady),
    }));
    for (const { name, batches } of shuffle(await Promise.all(turns))) {
      const measured = batches.pop() ?? [];
      for (const batch of batches) await server.send(name, batch);
      const before = await clock();
      await server.send(name, measured);
      const after = await clock();
      if (round < 0) continue;
      costs.get(name)?.push({
        server: (after.server - before.server) / measured.length,
        main: (after.main - before.main) / measured.length,
        redis: (after.redis - before.redis) / measured.length,
        commands: (after.commands - before.commands) / measured.length,
      });
    }
  }
  return costs;
}

/** Until now, in microseconds. */
export async function redisTime(redis: Redis): Promise<number> {
  const { used_cpu_user, used_cpu_sys } = parseInfo(await redis.info('cpu'));
  return (Number(used_cpu_user) + Number(used_cpu_sys)) * 1e6;
}
