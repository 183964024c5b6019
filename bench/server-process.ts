import type { Profiler } from 'node:inspector';
import { Pool } from 'undici';
import { Child } from '../spec/support/child.ts';
import type { CpuTime } from './cpu-time.ts';
import type { Group, HttpRequest, Load, Settings } from './group.ts';

const SERVER = new URL('./server.ts', import.meta.url);

/** The process that holds all variants of a group, each at a port of its own. */
export class ServerProcess {
  readonly #child: Child;
  readonly #load: Load;
  readonly #pools = new Map<string, Pool>();

  static async start({ name, load }: Group, settings: Settings): Promise<ServerProcess> {
    const child = new Child(SERVER, [name, JSON.stringify(settings)]);
    return new ServerProcess(child, load, (await child.answer()) as Record<string, number>);
  }

  private constructor(child: Child, load: Load, ports: Readonly<Record<string, number>>) {
    this.#child = child;
    this.#load = load;
    const { connections } = load;
    for (const [variant, port] of Object.entries(ports)) {
      const pool = new Pool(`http://127.0.0.1:${port}`, { connections });
      this.#pools.set(variant, pool);
    }
  }

  async cpuTime(): Promise<CpuTime> {
    return (await this.#child.ask({ ask: 'cpuTime' })) as CpuTime;
  }

  async startProfile(): Promise<void> {
    await this.#child.ask({ ask: 'startProfile' });
  }

  async endProfile(): Promise<Profiler.Profile> {
    return (await this.#child.ask({ ask: 'endProfile' })) as Profiler.Profile;
  }

  async send(variant: string, requests: readonly HttpRequest[]): Promise<void> {
    const { length } = requests;
    const atOnce = Math.min(this.#load.atOnce, length);
    for (let start = 0; start < length; start += atOnce) {
      const some = requests.slice(start, start + atOnce);
      await Promise.all(some.map((request) => this.#send(variant, request)));
    }
  }

  async #send(variant: string, { status, ...request }: HttpRequest): Promise<void> {
    const answer = await this.#pools.get(variant)?.request(request);
    await answer?.body.dump();
    if (answer?.statusCode === status) return;
    const { method, path } = request;
    throw new Error(`${variant} answered ${answer?.statusCode ?? ''} to ${method} ${path}`);
  }

  async stop(): Promise<void> {
    await Promise.all(Array.from(this.#pools.values(), (pool) => pool.destroy()));
    await this.#child.stop();
  }
}
