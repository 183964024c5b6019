import type { Group } from '../group.ts';
import { ServerProcess } from '../server-process.ts';
import { settingsFor } from '../settings.ts';
import { percentile } from '../statistics.ts';
import { table } from '../table.ts';
import { mintLogins } from '../tokens.ts';
import type { Workbench } from '../workbench.ts';
import { measureDelays } from './delays.ts';
import { underLoad } from './under-load.ts';

const PER_SECOND = 1000;
const WARM_UP = 50;

const ABOUT = `
A token that process B has let pass before is logged out in process A: the time from A's answer until B's
first 401, asked without a pause; idle, and while A and B serve ${PER_SECOND} requests/s each.
`;

const HEAD = ['', 'logouts', 'p50', 'p99', 'longest'] as const;

function rowOf(name: string, delays: readonly number[]) {
  const figures = [percentile(delays, 0.5), percentile(delays, 0.99), Math.max(...delays)];
  return [name, `${delays.length}`, ...figures.map((each) => `${each.toFixed(2)} ms`)] as const;
}

async function measureVariant(bench: Workbench, variant: string) {
  const { issuer, redis, redisAddress, effort, nodeOptions } = bench;
  const settings = settingsFor(issuer, 'RS256', redisAddress);
  const logins = await mintLogins(issuer.signers.RS256, WARM_UP + 2 * effort.pushes + 1);
  const tokens = logins.map(({ access_token }) => access_token);
  const [accessToken = '', ...rest] = tokens;
  await redis.flushall();
  const start = () => ServerProcess.start(`guard/${variant}`, settings, nodeOptions);
  const [from, to] = await Promise.all([start(), start()]);
  const measure = (count: number) => measureDelays(from.url, to.url, rest.splice(0, count));
  try {
    await measure(WARM_UP);
    const idle = await measure(effort.pushes);
    const load = { urls: [from.url, to.url], perSecond: PER_SECOND, accessToken };
    const busy = await underLoad(load, () => measure(effort.pushes));
    return [rowOf(`${variant}, idle`, idle), rowOf(`${variant}, under load`, busy)];
  } finally {
    await Promise.all([from.stop(), to.stop()]);
  }
}

export const pushGroup: Group = async (bench) => {
  const variants = ['near-cache', 'strict'].filter((name) => bench.includes(name));
  const rows = [];
  for (const variant of variants) rows.push(...(await measureVariant(bench, variant)));
  return { text: `${ABOUT}\n${table(HEAD, rows)}` };
};
