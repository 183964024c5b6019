import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { startRedisServer } from '../spec/support/redis-server.ts';
import { type Account, takeAccounts } from './account/account.ts';
import { listFunctions, writeAccounts } from './account/section.ts';
import type { Group } from './group.ts';
import { GROUPS } from './groups.ts';
import { describeVersions, writePage, writeSection } from './page.ts';
import { drawPlot } from './plot.ts';
import { startProvider } from './provider.ts';
import { measureRounds } from './rounds.ts';
import { ServerProcess } from './server-process.ts';
import { type Summary, summarize } from './summary.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '100' } },
});
const rounds = Number(values.rounds);
const groups = GROUPS.filter(
  ({ name }) => positionals.length === 0 || positionals.some((each) => name.startsWith(each)),
);

const redisServer = await startRedisServer();
const provider = await startProvider();
const redis = redisServer.connect();
const results = new Map<Group, Summary>();
const accounts: Account[] = [];
try {
  const settings = { issuer: provider.issuer, redisPath: redisServer.path };
  for (const group of groups) {
    await redisServer.flush();
    const server = await ServerProcess.start(group, settings);
    const parts = { signer: provider.signers[group.algorithm], server, redis };
    const summary = summarize(await measureRounds(group, parts, { rounds }));
    const taken = await takeAccounts(group, summary, parts);
    await server.stop();
    accounts.push(...taken);
    results.set(group, summary);
    console.log([writeSection(group, summary), ...taken.map(listFunctions)].join('\n\n'));
  }
  console.log(writeAccounts(accounts));
  if (groups.length === GROUPS.length) {
    const page = await writePage(rounds, await describeVersions(redis), results, accounts);
    await writeFile(new URL('./RESULTS.md', import.meta.url), page);
    await writeFile(new URL('./results.svg', import.meta.url), drawPlot(results));
  }
} finally {
  await redisServer.close();
  await provider.close();
}
