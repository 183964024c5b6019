import type { Profiler } from 'node:inspector';
import { Pool } from 'undici';
import { Child } from '../spec/support/child.ts';
import type { CpuTime } from './cpu-time.ts';
import type { Group, HttpRequest, Load, Settings } from './group.ts';

const SERVER = new URL('./server.ts', import.meta.url);

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** The process that holds all variants of a group, each at a port of its own. */
export class ServerProcess {
  readonly #child: Child;
  readonly #load: Load;
  readonly #pools = new Map<string, Pool>();

  static async start(
    { name, load }: Group,
    settings: Settings,
    nodeOptions: readonly string[] = [],
  ): Promise<ServerProcess> {
    const child = new Child(SERVER, [name, JSON.stringify(settings)], nodeOptions);
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

  async heapUsed(): Promise<number> {
    return (await this.#child.ask({ ask: 'heapUsed' })) as number;
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

  async #send(variant: string, request: HttpRequest): Promise<void> {
    const { status } = await this.request(variant, request);
    if (status === request.status) return;
    throw new Error(`${variant} answered ${status} to ${request.method} ${request.path}`);
  }

  async request(variant: string, { status: _, ...request }: HttpRequest): Promise<Answer> {
    const answer = await this.#pools.get(variant)?.request(request);
    return { status: answer?.statusCode ?? NaN, body: (await answer?.body.text()) ?? '' };
  }

  async stop(): Promise<void> {
    await Promise.all(Array.from(this.#pools.values(), (pool) => pool.destroy()));
    await this.#child.stop();
  }
}
