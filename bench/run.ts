import { type Load, LoadProcess, type LoadResult } from './load-process.ts';
import type { Measurement } from './measurement.ts';
import { ServerProcess } from './server-process.ts';
import type { Settings } from './settings.ts';
import { sum } from './statistics.ts';
import type { Workbench } from './workbench.ts';

/** How a variant is run. */
export interface Run {
  /** The module of the variant, `<group>/<name>`. */
  readonly variant: string;
  readonly settings: Settings;
  /** How many servers; each gets every load. Default: 1. */
  readonly processes?: number;
  /** Brings Redis to where it begins. */
  readonly prepare: () => Promise<unknown>;
  /** What is sent first, and not measured. */
  readonly before: readonly Load[];
  readonly load: Load;
}

/** Servers of one variant, warmed up, each with a process that sends it requests. */
export class Field {
  readonly #variant: string;
  readonly #servers: readonly ServerProcess[];
  readonly #clients: readonly LoadProcess[];

  static async start({ nodeOptions }: Workbench, run: Run): Promise<Field> {
    const { variant, settings, processes = 1 } = run;
    await run.prepare();
    const servers = Array.from({ length: processes }, () =>
      ServerProcess.start(variant, settings, nodeOptions),
    );
    const field = new Field(variant, await Promise.all(servers));
    for (const load of run.before) await field.#attempt(load);
    return field;
  }

  private constructor(variant: string, servers: readonly ServerProcess[]) {
    this.#variant = variant;
    this.#servers = servers;
    this.#clients = servers.map(() => new LoadProcess());
  }

  async #attempt(load: Load): Promise<LoadResult[]> {
    try {
      return await this.#send(load);
    } catch (cause) {
      await this.stop();
      throw new Error(`The run of ${this.#variant} failed`, { cause });
    }
  }

  #send(load: Load): Promise<LoadResult[]> {
    const sending = this.#clients.map((client, index) =>
      client.run(this.#servers[index]?.url ?? '', load),
    );
    return Promise.all(sending);
  }

  async measure(load: Load): Promise<Measurement> {
    const before = await this.#usages();
    const results = await this.#attempt(load);
    const after = await this.#usages();
    const used = sum(after.map(({ cpu }) => cpu)) - sum(before.map(({ cpu }) => cpu));
    return {
      cpu: used / (load.amount * this.#servers.length),
      requestsPerSecond: sum(results.map(({ requestsPerSecond }) => requestsPerSecond)),
      p50: Math.max(...results.map(({ p50 }) => p50)),
      p99: Math.max(...results.map(({ p99 }) => p99)),
      memory: Math.max(...after.map(({ memory }) => memory)),
    };
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#clients, ...this.#servers].map((process) => process.stop()));
  }

  #usages() {
    return Promise.all(this.#servers.map((server) => server.usage()));
  }
}
