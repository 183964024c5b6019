import type { Socket } from 'node:net';
import { type RedisRelay, startRedisRelay } from './redis-relay.ts';

/**
 * What becomes of a subscription: all of it passes; what is pushed to it is swallowed; it is never confirmed;
 * or its connection is cut.
 */
export type Subscriptions = 'pass' | 'mute' | 'hold' | 'refuse';

/** A unix socket before that of a redis-server, which lets everything pass but subscriptions. */
export interface RedisProxy extends Pick<RedisRelay, 'path' | 'close'> {
  subscriptions: Subscriptions;
  /** Cuts the connections that have subscribed. */
  readonly cut: () => void;
}

const SUBSCRIBE = '$9\r\nsubscribe\r\n';

export async function startRedisProxy(redisPath: string): Promise<RedisProxy> {
  const subscribers = new Set<Socket>();

  const { path, close } = await startRedisRelay(
    () => redisPath,
    (client, redis) => {
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
      client.once('close', () => subscribers.delete(client));
    },
  );

  const proxy: RedisProxy = {
    path,
    close,
    subscriptions: 'pass',
    cut() {
      for (const client of subscribers) client.destroy();
    },
  };
  return proxy;
}
