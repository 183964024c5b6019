import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A unix socket before that of a redis-server, where the bytes can be changed on their way, or lost. */
export interface RedisWire {
  readonly path: string;
  /** The socket of the server that new connections lead to. */
  target: string;
  /** What the server gets of what the client sent. */
  ask: (request: string) => string;
  /** What the client gets of what the server sent. */
  answer: (reply: string) => string;
  /** Connections that were accepted. */
  readonly accepted: number;
  /** Loses what is sent on the connections there are, both ways, and never tells. */
  forget(): void;
  /** Closes the connections there are, and refuses others until `open`. */
  shut(): Promise<void>;
  open(): Promise<void>;
  close(): Promise<void>;
}

export async function startRedisWire(redisPath: string): Promise<RedisWire> {
  const folder = await mkdtemp(join(tmpdir(), 'redis-wire-'));
  const path = join(folder, 'redis.sock');
  const sockets = new Set<Socket>();
  const forgotten = new WeakSet<Socket>();
  let accepted = 0;

  function keep(socket: Socket): Socket {
    sockets.add(socket.on('error', () => undefined));
    return socket.once('close', () => sockets.delete(socket));
  }

  const server = createServer((socket) => {
    accepted++;
    const client = keep(socket);
    const redis = keep(connect(wire.target));
    client.on('data', (chunk) => {
      if (!forgotten.has(client)) redis.write(wire.ask(chunk.toString('latin1')), 'latin1');
    });
    redis.on('data', (chunk) => {
      if (!forgotten.has(redis)) client.write(wire.answer(chunk.toString('latin1')), 'latin1');
    });
    client.once('close', () => redis.destroy());
    redis.once('close', () => client.destroy());
  });

  const wire: RedisWire = {
    path,
    target: redisPath,
    ask: (request) => request,
    answer: (reply) => reply,
    get accepted() {
      return accepted;
    },
    forget() {
      for (const socket of sockets) forgotten.add(socket);
    },
    async shut() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    async open() {
      server.listen(path);
      await once(server, 'listening');
    },
    async close() {
      if (server.listening) await wire.shut();
      await rm(folder, { recursive: true });
    },
  };
  await wire.open();
  return wire;
}

/** A reply of `INFO` in which some lines are others, of the same length or not. */
export function withInfo(reply: string, lines: Readonly<Record<string, string>>): string {
  const start = reply.indexOf('# Server');
  const length = /[$=](\d+)\r\n(?:txt:)?$/.exec(reply.slice(0, Math.max(start, 0)));
  if (length === null) return reply;
  const changed = Object.entries(lines).reduce(
    (info, [name, value]) =>
      info.replace(new RegExp(`^${name}:.*?\\r$`, 'm'), `${name}:${value}\r`),
    reply,
  );
  const size = Number(length[1]) + changed.length - reply.length;
  return changed.replace(length[0], length[0].replace(length[1] ?? '', String(size)));
}
