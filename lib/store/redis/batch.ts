import { setImmediate } from 'node:timers/promises';
import type { Reply } from './pipeline.ts';
import type { RedisCommand } from './redis-client.ts';

/** Joins the commands that come until the batch is due. */
export class Batch {
  readonly #sendAll: (commands: readonly RedisCommand[]) => Promise<readonly Reply[]>;
  readonly #untilDue: () => Promise<unknown>;
  #commands: RedisCommand[] = [];
  #replies: Promise<readonly Reply[]> | undefined;

  /** One reply per command, in their order. As a rule a batch is due at the end of the turn. */
  constructor(
    sendAll: (commands: readonly RedisCommand[]) => Promise<readonly Reply[]>,
    untilDue: () => Promise<unknown> = () => setImmediate(),
  ) {
    this.#sendAll = sendAll;
    this.#untilDue = untilDue;
  }

  async send(command: RedisCommand): Promise<unknown> {
    const index = this.#commands.push(command) - 1;
    this.#replies ??= this.#sendWhenDue();
    const reply = (await this.#replies)[index];
    if (reply?.status === 'fulfilled') return reply.value;
    throw reply?.reason;
  }

  async #sendWhenDue(): Promise<readonly Reply[]> {
    await this.#untilDue();
    const commands = this.#commands;
    this.#commands = [];
    this.#replies = undefined;
    return this.#sendAll(commands);
  }
}
