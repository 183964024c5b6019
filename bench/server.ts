import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Settings } from './group.ts';
import { GROUPS } from './groups.ts';

const [groupName, settings = ''] = process.argv.slice(2);
const group = GROUPS.find((each) => each.name === groupName);

const ports: Record<string, number> = {};
for (const [name, variant] of Object.entries(group?.variants ?? {})) {
  const server = createServer(
    { keepAliveTimeout: 600_000 },
    variant.createApp(JSON.parse(settings) as Settings),
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  ports[name] = (server.address() as AddressInfo).port;
}

process.on('message', () => process.send?.(process.cpuUsage()));
process.once('disconnect', () => process.exit());
process.send?.(ports);
