import { randomBytes, randomUUID } from 'node:crypto';
import type { Group } from '../group.ts';
import { createGuardWorkload } from '../guard/workload.ts';
import { compareServers } from '../rounds.ts';
import type { Run } from '../run.ts';
import { settingsFor } from '../settings.ts';
import { COSTS, costs, table } from '../table.ts';
import { type FilledRedis, startFilledRedis } from './filled-redis.ts';
import { findVerdict, type Verdict } from './verdict.ts';

const ABOUT = `
The guard (\`strict\`, RS256) with so many further entries on the list; and what the entry of an ended
session takes in Redis, against \`SET revoked:<uuid> 1 EX 86400\`.
`;

const HEAD = ['further entries', ...COSTS, 'Redis per entry', 'per `revoked:<uuid>`'] as const;

interface Size {
  readonly name: string;
  readonly filled: FilledRedis;
  readonly plainBytes: number;
}

async function fill(count: number, { prefix, value }: Verdict): Promise<Size> {
  const createName = () => `${prefix}${randomBytes(16).toString('base64url')}}`;
  const plain = await startFilledRedis(count, () => `revoked:${randomUUID()}`);
  await plain.server.close();
  return {
    name: count.toLocaleString('en').replaceAll(',', ' '),
    filled: await startFilledRedis(count, createName, value),
    plainBytes: plain.bytesPerEntry,
  };
}

function describeBytes(value: number): string {
  return Number.isNaN(value) ? '' : `${value.toFixed(0)} bytes`;
}

export const growthGroup: Group = async (bench) => {
  const { issuer, redis, redisAddress, effort } = bench;
  const { logout, warmUp, load } = await createGuardWorkload(issuer.signers.RS256, effort);
  const settings = settingsFor(issuer, 'RS256', redisAddress);
  const verdict = await findVerdict(redis, settings, logout);

  const runWith = ({ server }: FilledRedis): Run => ({
    variant: 'guard/strict',
    settings: { ...settings, redis: { path: server.path } },
    prepare: () => Promise.resolve(),
    before: [logout, warmUp],
    load,
  });

  const sizes: Size[] = [];
  try {
    for (const count of effort.entries) sizes.push(await fill(count, verdict));
    const runs = sizes.map(({ name, filled }) => [name, runWith(filled)] as const);
    const measured = await compareServers(bench, 'growth', Object.fromEntries(runs));
    const rows = sizes.map(({ name, filled, plainBytes }) => {
      const measurement = measured.get(name);
      const bytes = [filled.bytesPerEntry, plainBytes].map(describeBytes);
      return [name, ...(measurement === undefined ? [] : costs(measurement)), ...bytes] as const;
    });
    return { text: `${ABOUT}\n${table(HEAD, rows)}` };
  } finally {
    for (const { filled } of sizes) await filled.server.close();
  }
};
