import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { startRedisServer } from '../spec/support/redis-server.ts';
import type { CommandLine } from './command-line.ts';
import { type Effort, effortOf } from './effort.ts';
import { type Issuer, startIssuer } from './issuer.ts';
import type { RedisAddress } from './settings.ts';

/** What all groups stand on. */
export interface Workbench {
  readonly issuer: Issuer;
  readonly redis: Redis;
  readonly redisAddress: RedisAddress;
  readonly effort: Effort;
  /** Options of Node for the servers that are measured. */
  readonly nodeOptions: readonly string[];
  /** Whether what has this name was asked for: its variant stands first in it. */
  includes(name: string): boolean;
  close(): Promise<void>;
}

export async function setUpWorkbench(commandLine: CommandLine): Promise<Workbench> {
  const issuer = await startIssuer();
  const redisServer = await startRedisServer();
  const wanted = commandLine.variants;
  return {
    issuer,
    redis: redisServer.connect(),
    redisAddress: { path: redisServer.path },
    effort: effortOf(commandLine),
    nodeOptions: commandLine.cpuProfile ? await profileOptions() : [],
    includes: (name) => wanted.length === 0 || wanted.some((each) => name.startsWith(each)),
    async close() {
      await redisServer.close();
      await issuer.close();
    },
  };
}

async function profileOptions(): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'profiles-'));
  console.log(`Profiles of the servers: ${folder}`);
  return ['--cpu-prof', `--cpu-prof-dir=${folder}`];
}
