import { setTimeout as wait } from 'node:timers/promises';
import { weighted } from './random.ts';
import type { Kind, World } from './world.ts';

export interface Load {
  readonly kinds: readonly Kind[];
  readonly connections: number;
  /** Requests a second, at most. */
  readonly rate: number;
}

/** Sends requests drawn by chance, on several connections at once, until there were so many in all. */
export class Loader {
  readonly #world: World;
  readonly #load: Load;
  readonly #draw: ReturnType<typeof weighted<Kind>>;

  constructor(world: World, load: Load) {
    this.#world = world;
    this.#load = load;
    this.#draw = weighted(load.kinds);
  }

  async runUntil(total: number): Promise<void> {
    const workers = Array.from({ length: this.#load.connections }, () => this.#work(total));
    await Promise.all(workers);
  }

  async #work(total: number): Promise<void> {
    const { tally, random } = this.#world;
    const pause = (this.#load.connections / this.#load.rate) * 1000;
    while (tally.total < total) {
      const startedAt = performance.now();
      const before = tally.total;
      const kind = this.#draw(random);
      await kind.run(this.#world.asking(kind.name), this.#world);
      if (before === tally.total) continue;
      await wait(Math.max(0, pause - (performance.now() - startedAt)));
    }
  }
}
