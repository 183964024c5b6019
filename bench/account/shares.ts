import type { Profiler } from 'node:inspector';
import { placeOf } from './origins.ts';

/**
 * How often the busy main thread was met where. Samples are counted: the time between two of them
 * is also that of other processes, where these are on the same core.
 */
export class Shares {
  readonly #origins = new Map<string, number>();
  readonly #functions = new Map<string, number>();
  #samples = 0;

  add({ nodes, samples = [] }: Profiler.Profile): void {
    const callers = new Map(
      nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node] as const)),
    );
    const stackOf = (
      node: Profiler.ProfileNode | undefined,
    ): Profiler.ProfileNode['callFrame'][] =>
      node === undefined ? [] : [node.callFrame, ...stackOf(callers.get(node.id))];
    const places = new Map(nodes.map((node) => [node.id, placeOf(stackOf(node))]));
    for (const id of samples) {
      const place = places.get(id);
      if (place === undefined) continue;
      this.#samples += 1;
      count(this.#origins, place.origin);
      if (place.function !== undefined) count(this.#functions, place.function);
    }
  }

  of(origin: string): number {
    return (this.#origins.get(origin) ?? 0) / this.#samples;
  }

  /** Of lib, the largest first. */
  functions(): [name: string, share: number][] {
    return Array.from(this.#functions)
      .map(([name, samples]): [string, number] => [name, samples / this.#samples])
      .sort(([, one], [, other]) => other - one);
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
