import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { endProfile, startProfile } from './account/profiler.ts';
import { cpuTime } from './cpu-time.ts';
import type { Settings } from './group.ts';
import { GROUPS } from './groups.ts';
import { APP } from './growth/app.ts';
import { ENTRIES } from './growth/entries-group.ts';
import { heapUsed } from './heap-used.ts';

const [groupName, settings = ''] = process.argv.slice(2);
const group = [...GROUPS, ENTRIES, APP].find((each) => each.name === groupName);

const ports: Record<string, number> = {};
for (const [name, variant] of Object.entries(group?.variants ?? {})) {
  const server = createServer(
    { keepAliveTimeout: 600_000 },
    variant.createApp(JSON.parse(settings) as Settings),
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  ports[name] = (server.address() as AddressInfo).port;
}

const ANSWERS = { cpuTime, heapUsed, startProfile, endProfile };

process.on('message', ({ ask }: { ask: keyof typeof ANSWERS }) => {
  void Promise.resolve(ANSWERS[ask]()).then((answer) => process.send?.(answer ?? {}));
});
process.once('disconnect', () => process.exit());
process.send?.(ports);
