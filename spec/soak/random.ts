/** Chance that is the same for the same seed. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to, but not, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  isOneIn(count: number): boolean {
    return this.next() * count < 1;
  }

  index(length: number): number {
    return Math.floor(this.next() * length);
  }

  pick<T>(all: readonly T[]): T {
    return all[this.index(all.length)] as T;
  }
}

/** Draws by weight. */
export function weighted<T extends { readonly weight: number }>(
  all: readonly T[],
): (random: Random) => T {
  const tickets = all.flatMap((each) => Array<T>(each.weight).fill(each));
  return (random) => random.pick(tickets);
}
