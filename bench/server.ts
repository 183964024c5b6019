import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Usage } from './server-process.ts';
import type { Settings } from './settings.ts';
import type { Variant } from './variant.ts';

const [name = '', settings = ''] = process.argv.slice(2);
const { default: variant } = (await import(`./${name}.ts`)) as { default: Variant };
const server = createServer(variant(JSON.parse(settings) as Settings));
server.listen(0, '127.0.0.1');
await once(server, 'listening');

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return { cpu: user + system, memory: process.memoryUsage.rss() };
}

process.on('message', () => process.send?.(usage()));
process.once('disconnect', () => process.exit());
process.send?.((server.address() as AddressInfo).port);
