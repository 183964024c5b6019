import { parseInfo } from '../../spec/support/redis-node.ts';
import { backChannel } from '../back-channel.ts';
import { type Group, SATURATED, type Variant } from '../group.ts';
import { guard } from '../guard.ts';
import { logout } from '../logout.ts';
import { type Costs, measureRounds } from '../rounds.ts';
import { save } from '../save.ts';
import { ServerProcess } from '../server-process.ts';
import { addEntries } from './invalidation-list.ts';
import type { Figures, Section } from './section.ts';
import type { World } from './world.ts';

const SIZES = [1e2, 1e3, 1e4, 1e5, 1e6];

const ABOUT = `
CPU time of a request in microseconds, with so many entries on the invalidation list: the server process, then
redis-server. \`memory\` is that of Redis, in bytes an entry.
`;

function variantOf({ variants }: Group, name: string): Variant {
  const variant = variants[name];
  if (variant === undefined) throw new Error(`No variant ${name}`);
  return variant;
}

export const ENTRIES: Group = {
  name: 'Entries',
  load: SATURATED,
  algorithm: 'RS256',
  about: ABOUT,
  variants: {
    strict: variantOf(guard('RS256'), 'strict'),
    'near-cache': variantOf(guard('RS256'), 'near-cache'),
    logout: variantOf(logout, 'not seen'),
    'Logout Token': variantOf(backChannel, 'ours'),
    save: variantOf(save, 'ours'),
  },
};

export async function measureEntries(world: World): Promise<Section> {
  const { redis, settings, signers, rounds } = world;
  const server = await ServerProcess.start(ENTRIES, settings);
  const rows = [];
  let entries = 0;
  for (const size of SIZES) {
    const before = await memoryOf(world);
    await addEntries(redis, size - entries);
    const memory = ((await memoryOf(world)) - before) / (size - entries);
    entries = size;
    const costs = await measureRounds(ENTRIES, signers.RS256, server, redis, rounds);
    rows.push({ size, figures: { ...figuresOf(costs), memory: [memory] } });
  }
  await server.stop();
  return { title: 'Entries on the invalidation list', about: ABOUT, of: 'entries', rows };
}

function figuresOf(costs: Costs): Figures {
  const all = [...costs];
  return Object.fromEntries([
    ...all.map(([name, each]) => [name, each.map(({ server }) => server)] as const),
    ...all.map(([name, each]) => [`${name}, Redis`, each.map(({ redis }) => redis)] as const),
  ]);
}

async function memoryOf({ redis }: World): Promise<number> {
  return Number(parseInfo(await redis.info('memory')).used_memory);
}
