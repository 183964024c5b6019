import { startSocketPort } from './socket-port.ts';

/** A port on loopback for a redis-server on a unix socket: for clients that take a URL. */
export interface RedisPort {
  readonly url: string;
  close(): Promise<void>;
}

export async function startRedisPort(path: string): Promise<RedisPort> {
  const socket = await startSocketPort(() => ({ path }));
  return { url: `redis://127.0.0.1:${socket.port}`, close: () => socket.close() };
}
