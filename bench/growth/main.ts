import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { format } from 'prettier';
import { startRedisServer } from '../../spec/support/redis-server.ts';
import { describeVersions } from '../page.ts';
import { startProvider } from '../provider.ts';
import { measureEntries } from './entries.ts';
import { measureKnownTokens } from './known-tokens.ts';
import { measureProcesses } from './processes.ts';
import { writeSection } from './section.ts';
import { measureSessions } from './sessions.ts';
import type { World } from './world.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '10' } },
});
const rounds = Number(values.rounds);

const MEASURES = {
  entries: measureEntries,
  processes: measureProcesses,
  sessions: measureSessions,
  'known-tokens': measureKnownTokens,
};

const HEAD = `# Growth

What a request costs where there is more of everything. Each cell is a median with its quartiles, of ${rounds} rounds, or
of a few where the section says so. One Redis, on Express and ioredis. "Flat" is what differs by less than a tenth from
the first row to the last, or whose quartiles meet. \`npm run bench:growth\` measures anew.
`;

const redisServer = await startRedisServer();
const provider = await startProvider();
const redis = redisServer.connect();
try {
  const { signers, issuer } = provider;
  const settings = { issuer, redisPath: redisServer.path };
  const world: World = { redisServer, redis, settings, signers, rounds };
  const sections: string[] = [];
  for (const [name, measure] of Object.entries(MEASURES)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    await redisServer.flush();
    const written = (await measure(world)).map(writeSection);
    console.log(written.join('\n\n'));
    sections.push(...written);
  }
  if (positionals.length === 0) {
    const page = [HEAD, await describeVersions(redis), ...sections].join('\n\n');
    const text = await format(page, { parser: 'markdown' });
    await writeFile(new URL('../GROWTH.md', import.meta.url), text);
  }
} finally {
  await redisServer.close();
  await provider.close();
}
