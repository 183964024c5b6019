import { setImmediate } from 'node:timers/promises';

/** Joins the requests of one turn of the event loop into one call. */
export class Batch<In, Out> {
  readonly #runAll: (inputs: readonly In[]) => Promise<readonly Out[]>;
  #inputs: In[] = [];
  #outputs: Promise<readonly Out[]> | undefined;

  /** One output per input, in their order. */
  constructor(runAll: (inputs: readonly In[]) => Promise<readonly Out[]>) {
    this.#runAll = runAll;
  }

  async run(input: In): Promise<Out> {
    const index = this.#inputs.push(input) - 1;
    this.#outputs ??= this.#atTheEndOfTheTurn();
    return (await this.#outputs)[index] as Out;
  }

  async #atTheEndOfTheTurn(): Promise<readonly Out[]> {
    await setImmediate();
    const inputs = this.#inputs;
    this.#inputs = [];
    this.#outputs = undefined;
    return this.#runAll(inputs);
  }
}
