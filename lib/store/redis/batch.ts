import { setImmediate } from 'node:timers/promises';

/** Joins the requests that come until the batch is due into one call. */
export class Batch<In, Out> {
  readonly #runAll: (inputs: readonly In[]) => Promise<readonly Out[]>;
  readonly #untilDue: () => Promise<unknown>;
  #inputs: In[] = [];
  #outputs: Promise<readonly Out[]> | undefined;

  /** One output per input, in their order. As a rule a batch is due at the end of the turn. */
  constructor(
    runAll: (inputs: readonly In[]) => Promise<readonly Out[]>,
    untilDue: () => Promise<unknown> = () => setImmediate(),
  ) {
    this.#runAll = runAll;
    this.#untilDue = untilDue;
  }

  async run(input: In): Promise<Out> {
    const index = this.#inputs.push(input) - 1;
    this.#outputs ??= this.#runWhenDue();
    return (await this.#outputs)[index] as Out;
  }

  async #runWhenDue(): Promise<readonly Out[]> {
    await this.#untilDue();
    const inputs = this.#inputs;
    this.#inputs = [];
    this.#outputs = undefined;
    return this.#runAll(inputs);
  }
}
