import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';

export interface ClientOptions {
  readonly lazyConnect?: boolean;
  readonly maxRetriesPerRequest?: null;
}

/** A redis-server of its own process, on a unix socket in a temporary folder. */
export interface RedisServer {
  readonly path: string;
  /** A new client; all are disconnected when the server closes. */
  connect(options?: ClientOptions): Redis;
  /** Every key and its value, whatever its type. */
  dump(): Promise<Record<string, string>>;
  flush(): Promise<void>;
  kill(): Promise<void>;
  restart(): Promise<void>;
  pause(): void;
  resume(): void;
  close(): Promise<void>;
}

/** `args` are further ones of redis-server. */
export async function startRedisServer(...args: readonly string[]): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'redis-'));
  const path = join(folder, 'redis.sock');
  const clients: Redis[] = [];
  let server = await run(folder, path, args);

  function connect(options: ClientOptions = {}): Redis {
    const client = new Redis({ path, retryStrategy: () => 20, disconnectTimeout: 20, ...options });
    client.on('error', () => undefined);
    clients.push(client);
    return client;
  }

  const observer = connect();

  async function kill(): Promise<void> {
    server.kill('SIGKILL');
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
  }

  return {
    path,
    connect,
    async dump() {
      const keys = await observer.keys('*');
      const values = await Promise.all(keys.map((key) => read(observer, key)));
      return Object.fromEntries(keys.map((key, index) => [key, values[index] ?? '']));
    },
    async flush() {
      await observer.flushall();
    },
    kill,
    async restart() {
      server = await run(folder, path, args);
    },
    pause: () => server.kill('SIGSTOP'),
    resume: () => server.kill('SIGCONT'),
    async close() {
      await kill();
      for (const client of clients) client.disconnect();
      // A process that rewrites the log may outlive its server for a moment, and write there.
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

async function read(redis: Redis, key: string): Promise<string> {
  switch (await redis.type(key)) {
    case 'zset':
      return (await redis.zrange(key, '0', '-1')).join(' ');
    case 'hash':
      return JSON.stringify(await redis.hgetall(key));
    default:
      return (await redis.get(key)) ?? '';
  }
}

async function run(
  folder: string,
  path: string,
  further: readonly string[],
): Promise<ChildProcess> {
  const args = ['--port', '0', '--unixsocket', path, '--save', '', '--dir', folder, ...further];
  const server = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: server.stdout });
  const ready = new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => {
      if (line.includes('eady to accept connections')) resolve();
    });
    server.once('error', reject);
    server.once('exit', () => {
      reject(new Error('redis-server ended before it was ready'));
    });
  });
  await ready;
  return server;
}
