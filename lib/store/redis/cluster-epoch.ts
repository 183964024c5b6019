import { decodeEpoch } from '../codecs/epoch.ts';

const READ_EVERY_MS = 10_000;

/**
 * A Cluster's memory is complete since its youngest part began. The parts are many keys, so they
 * are read at intervals.
 */
export class ClusterEpoch {
  readonly #readParts: () => Promise<unknown[]>;
  #known: Promise<number> | undefined;
  #readAt = -Infinity;

  constructor(readParts: () => Promise<unknown[]>) {
    this.#readParts = readParts;
  }

  read(): Promise<number> {
    const now = performance.now();
    if (this.#known === undefined || now - this.#readAt >= READ_EVERY_MS) {
      this.#readAt = now;
      this.#known = this.#youngest();
      this.#known.catch(() => {
        this.#known = undefined;
      });
    }
    return this.#known;
  }

  async #youngest(): Promise<number> {
    const parts = await this.#readParts();
    return Math.max(...parts.map((part) => decodeEpoch(String(part))));
  }
}
