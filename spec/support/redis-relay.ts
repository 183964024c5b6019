import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A unix socket before that of a redis-server. */
export interface RedisRelay {
  readonly path: string;
  /** The connections there are, of both sides. */
  readonly sockets: ReadonlySet<Socket>;
  /** Closes the connections there are, and refuses others until `open`. */
  readonly shut: () => Promise<void>;
  readonly open: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** What passes is up to `pass`, which gets the two ends of each connection. */
export async function startRedisRelay(
  target: () => string,
  pass: (client: Socket, redis: Socket) => void,
): Promise<RedisRelay> {
  const folder = await mkdtemp(join(tmpdir(), 'redis-relay-'));
  const path = join(folder, 'redis.sock');
  const sockets = new Set<Socket>();

  function keep(socket: Socket): Socket {
    sockets.add(socket.on('error', () => undefined));
    return socket.once('close', () => sockets.delete(socket));
  }

  const server = createServer((socket) => {
    const client = keep(socket);
    const redis = keep(connect(target()));
    pass(client, redis);
    client.once('close', () => redis.destroy());
    redis.once('close', () => client.destroy());
  });

  const relay: RedisRelay = {
    path,
    sockets,
    shut: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    open: async () => {
      server.listen(path);
      await once(server, 'listening');
    },
    close: async () => {
      if (server.listening) await relay.shut();
      await rm(folder, { recursive: true });
    },
  };
  await relay.open();
  return relay;
}
