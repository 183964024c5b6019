import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A unix socket before that of a redis-server, which loses the reply to one script and cuts its connection. */
export interface RedisFaults {
  readonly path: string;
  /** Loses the reply to the script that comes after so many others; `lost` is called before the connection is cut. */
  loseReply(after: number, lost?: () => void): void;
  /** Loses no reply any more. */
  calm(): void;
  close(): Promise<void>;
}

const SCRIPT = /\r\nevalsha\r\n/gi;

export async function startRedisFaults(redisPath: string): Promise<RedisFaults> {
  const folder = await mkdtemp(join(tmpdir(), 'redis-faults-'));
  const path = join(folder, 'redis.sock');
  const sockets = new Set<Socket>();
  let scriptsLeft = Infinity;
  let onLost = (): void => undefined;

  function keep(socket: Socket): Socket {
    sockets.add(socket.on('error', () => undefined));
    return socket.once('close', () => sockets.delete(socket));
  }

  const server = createServer((socket) => {
    const client = keep(socket);
    const redis = keep(connect(redisPath));
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
    client.once('close', () => redis.destroy());
    redis.once('close', () => client.destroy());
  });
  server.listen(path);
  await once(server, 'listening');

  return {
    path,
    loseReply(after, lost = () => undefined) {
      scriptsLeft = after;
      onLost = lost;
    },
    calm() {
      scriptsLeft = Infinity;
    },
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
      await rm(folder, { recursive: true });
    },
  };
}
