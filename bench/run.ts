import { type Load, LoadProcess, type LoadResult } from './load-process.ts';
import type { Measurement } from './measurement.ts';
import { ServerProcess } from './server-process.ts';
import type { Settings } from './settings.ts';
import { sum } from './statistics.ts';
import type { Workbench } from './workbench.ts';

/** One whole run of a variant: from the start of its servers to their end. */
export interface Run {
  /** The module of the variant, `<group>/<name>`. */
  readonly variant: string;
  readonly settings: Settings;
  /** How many servers; each gets every load. Default: 1. */
  readonly processes?: number;
  /** Brings Redis to where the run begins. */
  readonly prepare: () => Promise<unknown>;
  /** What is sent first, and not measured. */
  readonly before: readonly Load[];
  readonly load: Load;
}

/** Servers of one variant, each with a process that sends it requests. */
class Field {
  readonly #servers: readonly ServerProcess[];
  readonly #clients: readonly LoadProcess[];

  constructor(servers: readonly ServerProcess[]) {
    this.#servers = servers;
    this.#clients = servers.map(() => new LoadProcess());
  }

  send(load: Load): Promise<LoadResult[]> {
    const sending = this.#clients.map((client, index) =>
      client.run(this.#servers[index]?.url ?? '', load),
    );
    return Promise.all(sending);
  }

  async measure(load: Load): Promise<Measurement> {
    const before = await this.#usages();
    const results = await this.send(load);
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

export async function measure({ nodeOptions }: Workbench, run: Run): Promise<Measurement> {
  const { variant, settings, processes = 1 } = run;
  await run.prepare();
  const servers = Array.from({ length: processes }, () =>
    ServerProcess.start(variant, settings, nodeOptions),
  );
  const field = new Field(await Promise.all(servers));
  try {
    for (const load of run.before) await field.send(load);
    return await field.measure(run.load);
  } catch (cause) {
    throw new Error(`The run of ${variant} failed`, { cause });
  } finally {
    await field.stop();
  }
}
