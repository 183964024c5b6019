import { isDeepStrictEqual } from 'node:util';
import { Child } from './child.ts';
import type { HttpRequest } from './requests.ts';

/** Requests that are sent as fast as they are answered. */
export interface Load {
  readonly requests: readonly HttpRequest[];
  readonly connections: number;
  /** Of all connections together: a multiple of their number. */
  readonly amount: number;
  /** How many answers of each status there must be. */
  readonly statuses: Readonly<Record<number, number>>;
}

export interface LoadJob {
  readonly url: string;
  readonly load: Load;
}

export interface LoadResult {
  readonly statuses: Readonly<Record<number, number>>;
  readonly errors: number;
  readonly requestsPerSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  /** Milliseconds. */
  readonly p99: number;
}

/** A process that sends requests, so that the server does not share its time with them. */
export class LoadProcess {
  readonly #child = new Child('./load.ts');

  /** Rejects when there was any other answer than expected, for then something else was measured. */
  async run(url: string, load: Load): Promise<LoadResult> {
    const result = (await this.#child.ask({ url, load })) as LoadResult;
    const { statuses, errors } = result;
    if (errors === 0 && isDeepStrictEqual(statuses, load.statuses)) return result;
    const told = [load.statuses, statuses].map((each) => JSON.stringify(each)).join(' but got ');
    throw new Error(`Expected the statuses ${told}, and ${errors} errors`);
  }

  stop(): Promise<void> {
    return this.#child.stop();
  }
}
