import { startRedisCluster } from '../../spec/support/redis-cluster.ts';
import { addressOf, startRedisNode } from '../../spec/support/redis-node.ts';
import type { Group } from '../group.ts';
import { createGuardWorkload } from '../guard/workload.ts';
import { compareServers } from '../rounds.ts';
import type { Run } from '../run.ts';
import { type RedisAddress, settingsFor } from '../settings.ts';
import { COSTS, costs, table } from '../table.ts';

const CONNECTIONS = 64;
const VARIANTS = ['strict', 'near-cache'];

const ABOUT = `
The guard (RS256) in one process and in two that share a Redis, over ${CONNECTIONS} connections in all; and
with one Redis, and with a Cluster of three masters, both by TCP. The CPU time is that of all servers for
one request, the requests/s are those of all together.
`;

export const scaleGroup: Group = async (bench) => {
  const { issuer, effort } = bench;
  const signer = issuer.signers.RS256;
  const whole = await createGuardWorkload(signer, effort, CONNECTIONS);
  const half = await createGuardWorkload(signer, effort, CONNECTIONS / 2);
  const node = await startRedisNode();
  const cluster = await startRedisCluster({ masters: 3, replicas: 0 });

  function runWith(redis: RedisAddress, { processes = 1 } = {}): Omit<Run, 'variant'> {
    const { logout, warmUp, load } = processes === 1 ? whole : half;
    return {
      settings: settingsFor(issuer, 'RS256', redis),
      processes,
      prepare: () => Promise.resolve(),
      before: [logout, warmUp],
      load,
    };
  }

  const places: Record<string, Omit<Run, 'variant'>> = {
    'one process': runWith(addressOf(node)),
    'two processes': runWith(addressOf(node), { processes: 2 }),
    Cluster: runWith(cluster.nodes.map(addressOf)),
  };
  const runs = VARIANTS.flatMap((name) =>
    Object.entries(places).map(([place, run]): [string, Run] => [
      `${name}, ${place}`,
      { variant: `guard/${name}`, ...run },
    ]),
  );
  try {
    const measured = await compareServers(bench, 'scale', Object.fromEntries(runs));
    const rows = Array.from(measured, ([name, each]) => [name, ...costs(each)] as const);
    return { text: `${ABOUT}\n${table(['', ...COSTS], rows)}` };
  } finally {
    await Promise.all([node.stop(), cluster.stop()]);
  }
};
