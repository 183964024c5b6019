import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import type { Redis } from 'ioredis';
import { parseInfo } from '../spec/support/redis-node.ts';

const require = createRequire(import.meta.url);

function versionOf(name: string): string {
  return (require(`${name}/package.json`) as { version: string }).version;
}

/** What the figures depend on: the class of the machine, and versions. */
export async function describeVersions(redis: Redis): Promise<string> {
  const { dependencies } = require('./package.json') as { dependencies: Record<string, string> };
  const packages = ['express', 'ioredis', 'jose', ...Object.keys(dependencies)];
  return [
    `Node ${process.versions.node}`,
    `Redis ${parseInfo(await redis.info('server')).redis_version ?? ''}`,
    `${availableParallelism()} cores`,
    ...packages.map((name) => `${name} ${versionOf(name)}`),
  ].join(', ');
}
