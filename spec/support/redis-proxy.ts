import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * What becomes of a subscription: all of it passes; what is pushed to it is swallowed; it is never confirmed;
 * or its connection is cut.
 */
export type Subscriptions = 'pass' | 'mute' | 'hold' | 'refuse';

/** A unix socket before that of a redis-server, which lets everything pass but subscriptions. */
export interface RedisProxy {
  readonly path: string;
  subscriptions: Subscriptions;
  /** Cuts the connections that have subscribed. */
  readonly cut: () => void;
  close(): Promise<void>;
}

const SUBSCRIBE = '$9\r\nsubscribe\r\n';

export async function startRedisProxy(redisPath: string): Promise<RedisProxy> {
  const folder = await mkdtemp(join(tmpdir(), 'redis-proxy-'));
  const path = join(folder, 'redis.sock');
  const sockets = new Set<Socket>();
  const subscribers = new Set<Socket>();

  function keep(socket: Socket): Socket {
    sockets.add(socket.on('error', () => undefined));
    return socket.once('close', () => sockets.delete(socket));
  }

  const server = createServer((socket) => {
    const client = keep(socket);
    const redis = keep(connect(redisPath));
    let isConfirmed = false;

    client.on('data', (chunk) => {
      if (chunk.includes(SUBSCRIBE)) {
        subscribers.add(client);
        if (proxy.subscriptions === 'refuse') client.destroy();
        if (proxy.subscriptions === 'hold') return;
      }
      redis.write(chunk);
    });
    redis.on('data', (chunk) => {
      if (isConfirmed && proxy.subscriptions === 'mute') return;
      isConfirmed ||= subscribers.has(client) && chunk.includes(SUBSCRIBE);
      client.write(chunk);
    });
    client.once('close', () => {
      subscribers.delete(client);
      redis.destroy();
    });
    redis.once('close', () => client.destroy());
  });

  const proxy: RedisProxy = {
    path,
    subscriptions: 'pass',
    cut() {
      for (const client of subscribers) client.destroy();
    },
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
      await rm(folder, { recursive: true });
    },
  };
  server.listen(path);
  await once(server, 'listening');
  return proxy;
}
