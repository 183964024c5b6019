import { StoreUnavailableError } from '../errors.ts';
import { Deadline } from './deadline.ts';
import type { RedisClient } from './redis-client.ts';

/**
 * Waits for a client that is just being connected, but in one outage for no longer than its patience: then
 * every request fails at once until the client is ready again.
 */
export class Connection {
  readonly #client: RedisClient;
  readonly #patienceMs: number;
  #outage: Promise<boolean> | undefined;

  constructor(client: RedisClient, patienceMs: number) {
    this.#client = client;
    this.#patienceMs = patienceMs;
  }

  /** Whether there is a server, which may not say yet that it is ready. */
  get isOpen(): boolean {
    return ['ready', 'connect'].includes(this.#client.status);
  }

  async untilReady(): Promise<void> {
    const { status } = this.#client;
    if (status === 'ready') return;
    // Its owner closed it.
    if (status === 'end') throw new StoreUnavailableError('not-connected');
    // A lazy client, which need not have a queue for what comes before it is connected.
    if (status === 'wait') this.#client.connect().catch(() => undefined);
    this.#outage ??= this.#waitOut();
    if (!(await this.#outage)) throw new StoreUnavailableError('not-connected');
  }

  /** Whether the client was ready in time. */
  #waitOut(): Promise<boolean> {
    const patience = new Deadline(this.#patienceMs);
    const isOver = new Promise<boolean>((resolve) => {
      const end = () => {
        this.#client.off('ready', end).off('end', end);
        patience.cancel();
        this.#outage = undefined;
        resolve(this.#client.status === 'ready');
      };
      this.#client.on('ready', end).on('end', end);
    });
    return Promise.race([isOver, patience.passed.then(() => false)]);
  }
}
