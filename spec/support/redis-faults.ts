import { type RedisRelay, startRedisRelay } from './redis-relay.ts';

/** A unix socket before that of a redis-server, which loses the reply to one script and cuts its connection. */
export interface RedisFaults extends Pick<RedisRelay, 'path' | 'close'> {
  /** Loses the reply to the script that comes after so many others; `lost` is called before the connection is cut. */
  loseReply(after: number, lost?: () => void): void;
  /** Loses no reply any more. */
  calm(): void;
}

const SCRIPT = /\r\nevalsha\r\n/gi;

export async function startRedisFaults(redisPath: string): Promise<RedisFaults> {
  let scriptsLeft = Infinity;
  let onLost = (): void => undefined;

  const { path, close } = await startRedisRelay(
    () => redisPath,
    (client, redis) => {
      let isLost = false;
      client.on('data', (chunk) => {
        scriptsLeft -= chunk.toString('latin1').match(SCRIPT)?.length ?? 0;
        if (scriptsLeft < 0) {
          scriptsLeft = Infinity;
          isLost = true;
        }
        redis.write(chunk);
      });
      redis.on('data', (chunk) => {
        if (!isLost) client.write(chunk);
        else {
          onLost();
          client.destroy();
        }
      });
    },
  );

  return {
    path,
    close,
    loseReply(after, lost = () => undefined) {
      scriptsLeft = after;
      onLost = lost;
    },
    calm() {
      scriptsLeft = Infinity;
    },
  };
}
