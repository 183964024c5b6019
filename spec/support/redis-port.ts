import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';

/** A port on loopback for a redis-server on a unix socket: for clients that take a URL. */
export interface RedisPort {
  readonly url: string;
  close(): Promise<void>;
}

export async function startRedisPort(path: string): Promise<RedisPort> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const redis = connect(path);
    for (const socket of [client, redis]) {
      sockets.add(socket.on('error', () => undefined));
      socket.once('close', () => sockets.delete(socket));
    }
    client.pipe(redis).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `redis://127.0.0.1:${port}`,
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
