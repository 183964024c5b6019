import { drawChart } from '../chart.ts';
import type { Group } from '../group.ts';
import { type Algorithm, ALGORITHMS } from '../issuer.ts';
import type { Measurement } from '../measurement.ts';
import { compareServers } from '../rounds.ts';
import type { Run } from '../run.ts';
import { settingsFor } from '../settings.ts';
import { COSTS, costs, microseconds, table } from '../table.ts';
import type { Workbench } from '../workbench.ts';
import { createGuardWorkload, type GuardWorkload } from './workload.ts';

const UNGUARDED = ['bare', 'pass-through'];
const OURS = ['strict', 'near-cache'];
const PEERS = ['hand-written', 'express-oauth2-jwt-bearer', 'express-jwt', 'passport-jwt'];

const ABOUT = `
\`GET /api\` with 1 000 different access tokens of 200 users over 64 connections; 1 % of the requests
bear a token that was logged out, and get 401. \`bare\` is the same app without a guard, \`pass-through\`
has one that does nothing, which is what Express takes for any middleware. \`strict\` and
\`near-cache\` are this package, which verifies a token once and keeps it for its next requests: here each
token comes many times. The others verify it each time, and look up its \`jti\` in Redis. Of the requests to
\`near-cache\`, whose \`maxStaleness\` is 5 seconds, 1 in 20 asks Redis.
`;

type Steps = Pick<Run, 'prepare' | 'before' | 'load'>;

function stepsOf(variant: string, workload: GuardWorkload, { redis }: Workbench): Steps {
  const { logout, warmUp, load, unguarded } = workload;
  const prepare = () => Promise.resolve();
  if (UNGUARDED.includes(variant)) {
    return { prepare, before: [unguarded.warmUp], load: unguarded.load };
  }
  if (OURS.includes(variant)) return { prepare, before: [logout, warmUp], load };
  return { prepare: () => workload.revoke(redis), before: [warmUp], load };
}

async function compare(bench: Workbench, algorithm: Algorithm): Promise<Map<string, Measurement>> {
  const { issuer, redisAddress, effort } = bench;
  const workload = await createGuardWorkload(issuer.signers[algorithm], effort);
  const settings = settingsFor(issuer, algorithm, redisAddress);
  const runs = Object.fromEntries(
    [...UNGUARDED, ...OURS, ...PEERS].map((name): [string, Run] => [
      name,
      { variant: `guard/${name}`, settings, ...stepsOf(name, workload, bench) },
    ]),
  );
  return compareServers(bench, `guard ${algorithm}`, runs);
}

function describe(algorithm: Algorithm, measured: Map<string, Measurement>): string {
  const bare = measured.get('bare')?.cpu;
  const head = [algorithm, ...COSTS, 'over `bare`', 'times `bare`', 'memory'] as const;
  const rows = Array.from(measured, ([name, measurement]) => {
    const { cpu, memory } = measurement;
    const overBare =
      bare === undefined ? ['', ''] : [microseconds(cpu - bare), (cpu / bare).toFixed(2)];
    return [name, ...costs(measurement), ...overBare, `${(memory / 1e6).toFixed(0)} MB`] as const;
  });
  return table(head, rows);
}

function draw(results: ReadonlyMap<Algorithm, Map<string, Measurement>>): string {
  const all = [...results.values()];
  const names = [...(all[0]?.keys() ?? [])];
  return drawChart({
    title: 'CPU time of the server for one guarded request, in microseconds',
    series: [...results.keys()],
    rows: names.map((name) => ({
      label: name,
      isEmphasized: OURS.includes(name),
      values: all.map((measured) => measured.get(name)?.cpu ?? NaN),
    })),
  });
}

export const guardGroup: Group = async (bench) => {
  const results = new Map<Algorithm, Map<string, Measurement>>();
  for (const algorithm of ALGORITHMS) results.set(algorithm, await compare(bench, algorithm));
  const tables = Array.from(results, ([algorithm, measured]) => describe(algorithm, measured));
  return { text: [ABOUT, ...tables].join('\n\n'), chart: draw(results) };
};
