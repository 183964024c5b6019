import { Batch } from './batch.ts';
import { Connection } from './connection.ts';
import type { RedisClient, RedisCommand } from './redis-client.ts';

/**
 * Sends what can be sent at once. What a client cannot send, because it has lost its connection, is kept back
 * here, so that nothing piles up in its offline queue. Commands of one turn of the event loop leave together.
 */
export class ReadyRedis<Client extends RedisClient = RedisClient> {
  /** The client itself, whatever its state. */
  readonly client: Client;
  readonly #connection: Connection;
  readonly #used: () => void;
  readonly #commands = new Batch((commands: readonly RedisCommand[]) => this.#sendAll(commands));

  /** Of an outage it waits for the first `patienceMs`. `used` hears of each use. */
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

  /** The reply to a command. */
  async send(...command: RedisCommand): Promise<unknown> {
    const [reply] = await this.#commands.run([command]);
    if (reply?.status === 'fulfilled') return reply.value;
    throw reply?.reason;
  }

  /** The values under these keys, in their order: one command, but on a Cluster one for each key. */
  async read(keys: readonly string[]): Promise<(string | null)[]> {
    if (keys.length === 0) return [];
    const redis = await this.whenReady();
    return redis.isCluster ? Promise.all(keys.map((key) => redis.get(key))) : redis.mget([...keys]);
  }

  async #sendAll(commands: readonly RedisCommand[]): Promise<PromiseSettledResult<unknown>[]> {
    const redis = await this.whenReady();
    if (redis.isCluster || commands.length === 1) {
      return Promise.allSettled(commands.map((command) => redis.call(...command)));
    }
    const replies = (await redis.pipeline([...commands]).exec()) ?? [];
    return replies.map(([reason, value]) =>
      reason === null ? { status: 'fulfilled', value } : { status: 'rejected', reason },
    );
  }
}
