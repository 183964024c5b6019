import { StoreUnavailableError } from '../../errors.ts';
import { inTime } from '../in-time.ts';
import type { RedisClient } from './redis-client.ts';

/**
 * Waits for a client's reconnect once in an outage: afterwards every request fails at once until
 * the client is ready again.
 */
export class Connection {
  readonly #client: RedisClient;
  readonly #patienceMs: number;
  #outage: Promise<boolean> | undefined;

  constructor(client: RedisClient, patienceMs: number) {
    this.#client = client;
    this.#patienceMs = patienceMs;
  }

  /** The server may not be ready yet. */
  get isOpen(): boolean {
    return ['ready', 'connect'].includes(this.#client.status);
  }

  async untilReady(): Promise<void> {
    const { status } = this.#client;
    if (status === 'ready') return;
    // The app closed the client.
    if (status === 'end') throw new StoreUnavailableError('not-connected');
    // A lazy client need not have an offline queue.
    if (status === 'wait') this.#client.connect().catch(() => undefined);
    this.#outage ??= this.#waitOut();
    if (!(await this.#outage)) throw new StoreUnavailableError('not-connected');
  }

  #waitOut(): Promise<boolean> {
    const isOver = new Promise<boolean>((resolve) => {
      const end = () => {
        this.#client.off('ready', end).off('end', end);
        this.#outage = undefined;
        resolve(this.#client.status === 'ready');
      };
      this.#client.on('ready', end).on('end', end);
    });
    return inTime(
      this.#patienceMs,
      () => isOver,
      () => false,
    );
  }
}
