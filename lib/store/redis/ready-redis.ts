import { Batch } from './batch.ts';
import { Connection } from './connection.ts';
import { type Reply, sendPipeline } from './pipeline.ts';
import type { RedisClient, RedisCommand } from './redis-client.ts';

/**
 * During an outage commands wait here and not in the client's offline queue. Commands of one turn
 * of the event loop leave together.
 */
export class ReadyRedis<Client extends RedisClient = RedisClient> {
  readonly client: Client;
  readonly #connection: Connection;
  readonly #used: () => void;
  readonly #commands = new Batch((commands) => this.#sendAll(commands));

  /** Waits for the first `patienceMs` of an outage. `used` hears of each use. */
  constructor(client: Client, patienceMs: number, used: () => void = () => undefined) {
    this.client = client;
    this.#connection = new Connection(client, patienceMs);
    this.#used = used;
  }

  get isConnected(): boolean {
    return this.#connection.isOpen;
  }

  async whenReady(): Promise<Client> {
    await this.#connection.untilReady();
    this.#used();
    return this.client;
  }

  send(...command: RedisCommand): Promise<unknown> {
    return this.#commands.send(command);
  }

  /** One command, but on a Cluster one for each key. */
  async read(keys: string[]): Promise<(string | null)[]> {
    if (keys.length === 0) return [];
    const redis = await this.whenReady();
    return redis.isCluster ? Promise.all(keys.map((key) => redis.get(key))) : redis.mget(keys);
  }

  async #sendAll(commands: readonly RedisCommand[]): Promise<Reply[]> {
    const redis = await this.whenReady();
    if (redis.isCluster || commands.length === 1) {
      return Promise.allSettled(commands.map((command) => redis.call(...command)));
    }
    return sendPipeline(redis, commands);
  }
}
