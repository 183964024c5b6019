import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { AUDIENCE, CLIENT_ID, serveMetadata } from '../support/provider.ts';
import { ACTIVE } from './opaque.ts';

/** How the provider behaves. */
export type ProviderMode = 'well' | 'error' | 'hang' | 'refuse' | 'no-keys' | 'closing';

/** What this process is told; it answers how many connections it has. */
export interface ProviderOrder {
  readonly mode?: ProviderMode;
  readonly keys?: readonly object[];
}

let mode: ProviderMode = 'well';
let keys: readonly object[] = [];
const server = createServer((req, res) => void answer(req, res));

function misbehave(res: ServerResponse): boolean {
  if (mode === 'error') res.writeHead(500).end();
  return mode === 'error' || mode === 'hang';
}

async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { socket } = req;
  if (misbehave(res)) return;
  if (mode === 'closing') res.once('finish', () => setTimeout(() => socket.destroy(), 5));
  if (req.url === '/revoke') {
    req.resume();
    res.writeHead(200).end();
  } else if (req.url === '/introspect') {
    const token = new URLSearchParams(await text(req).catch(() => '')).get('token') ?? '';
    res.writeHead(200, { 'content-type': 'application/json' });
    res.end(JSON.stringify(introspect(token)));
  } else {
    serveMetadata(issuer, mode === 'no-keys' ? [] : keys, {
      revocation_endpoint: `${issuer}/revoke`,
      introspection_endpoint: `${issuer}/introspect`,
    })(req, res);
  }
}

function introspect(token: string): object {
  if (!token.startsWith(ACTIVE)) return { active: false };
  const iat = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer, aud: AUDIENCE, client_id: CLIENT_ID, token_type: 'Bearer' };
  return { active: true, ...claims, sub: token.slice(0, 20), iat, exp: iat + 3600 };
}

async function listen(port: number): Promise<string> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function become(next: ProviderMode): Promise<void> {
  if (next === 'refuse' && server.listening) {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }
  if (next !== 'refuse' && !server.listening) await listen(Number(new URL(issuer).port));
  mode = next;
}

async function obey(order: ProviderOrder): Promise<number> {
  keys = order.keys ?? keys;
  if (order.mode !== undefined) await become(order.mode);
  return new Promise((resolve) => {
    server.getConnections((_error, count) => {
      resolve(server.listening ? count : 0);
    });
  });
}

const issuer = await listen(0);
process.on('message', (order: ProviderOrder) => {
  void obey(order).then((connections) => process.send?.(connections));
});
process.once('disconnect', () => process.exit());
process.send?.(issuer);
