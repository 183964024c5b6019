import type { Socket } from 'node:net';
import { type RedisRelay, startRedisRelay } from './redis-relay.ts';

/** A unix socket before that of a redis-server, where the bytes can be changed on their way, or lost. */
export interface RedisWire extends Pick<RedisRelay, 'path' | 'shut' | 'open' | 'close'> {
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
}

export async function startRedisWire(redisPath: string): Promise<RedisWire> {
  const forgotten = new WeakSet<Socket>();
  let accepted = 0;

  const relay = await startRedisRelay(
    () => wire.target,
    (client, redis) => {
      accepted++;
      client.on('data', (chunk) => {
        if (!forgotten.has(client)) redis.write(wire.ask(chunk.toString('latin1')), 'latin1');
      });
      redis.on('data', (chunk) => {
        if (!forgotten.has(redis)) client.write(wire.answer(chunk.toString('latin1')), 'latin1');
      });
    },
  );
  const { path, sockets, shut, open, close } = relay;

  const wire: RedisWire = {
    ...{ path, shut, open, close },
    target: redisPath,
    ask: (request) => request,
    answer: (reply) => reply,
    get accepted() {
      return accepted;
    },
    forget() {
      for (const socket of sockets) forgotten.add(socket);
    },
  };
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
