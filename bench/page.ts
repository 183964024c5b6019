import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import type { Redis } from 'ioredis';
import { format } from 'prettier';
import { parseInfo } from '../spec/support/redis-node.ts';
import type { Account } from './account/account.ts';
import { writeAccounts } from './account/section.ts';
import type { Group } from './group.ts';
import type { Row, Summary } from './summary.ts';
import { writeNumber } from './write-number.ts';

const require = createRequire(import.meta.url);

const head = (rounds: number) => `# Results

The CPU time of a request in microseconds, on Express, ioredis and one Redis. \`bare\` is the endpoint alone;
\`pass-through\` has a middleware that does nothing, and shows the noise.

One server process (\`NODE_ENV=production\`) holds all variants of a group: two processes that run the same code
differ by more than is measured here. In each of ${rounds} rounds every variant has a turn, in random order, over 32
connections where the section says nothing else; every status is checked. \`over bare\` is the median difference
within a round, with its bootstrap interval. \`Redis\` is the time of redis-server, and \`commands\` is how many it runs
for a request, those in scripts included. Variants cannot be told apart where the interval of their difference contains
0, or the difference is within the interval of \`pass-through\`. \`npm run bench\` measures anew.

What comes of more entries, processes, sessions and tokens is [a page of its own](GROWTH.md).
`;

/** The page of results, in Markdown. */
export function writePage(
  rounds: number,
  versions: string,
  results: ReadonlyMap<Group, Summary>,
  accounts: readonly Account[],
): Promise<string> {
  const plot = '![CPU time of a request beyond the bare endpoint](results.svg)';
  const sections = Array.from(results, ([group, summary]) => writeSection(group, summary));
  return format([head(rounds), versions, plot, ...sections, writeAccounts(accounts)].join('\n\n'), {
    parser: 'markdown',
  });
}

export function writeSection({ name, about }: Group, { rows, alike }: Summary): string {
  const lines = [
    '| | server | over `bare` | 95 % interval | Redis | commands |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    ...rows.map(writeRow),
  ];
  const pairs = alike.map(([one, other]) => `\`${one}\` and \`${other}\``).join('; ');
  const note = pairs === '' ? '' : `Not to be told apart: ${pairs}.`;
  return [`## ${name}`, about, lines.join('\n'), note].join('\n\n');
}

function writeRow({ name, server, overBare, redisOverBare, commandsOverBare }: Row): string {
  const { median, low, high } = overBare;
  const differences = [
    writeNumber(median),
    `${writeNumber(low)} to ${writeNumber(high)}`,
    writeNumber(redisOverBare, 1),
    writeNumber(commandsOverBare, 2),
  ];
  const cells = [name, writeNumber(server), ...(name === 'bare' ? ['', '', '', ''] : differences)];
  return `| ${cells.join(' | ')} |`;
}

/** What the figures depend on. */
export async function describeVersions(redis: Redis): Promise<string> {
  const { dependencies } = require('./package.json') as { dependencies: object };
  const packages = ['express', 'ioredis', 'jose', ...Object.keys(dependencies)];
  const versions = [
    `Node ${process.versions.node}`,
    `Redis ${parseInfo(await redis.info('server')).redis_version ?? ''}`,
    `${availableParallelism()} cores`,
    ...packages.map((name) => `${name} ${versionOf(name)}`),
  ];
  return `${versions.join(', ')}.`;
}

function versionOf(name: string): string {
  return (require(`${name}/package.json`) as { version: string }).version;
}
