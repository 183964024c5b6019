import { Pool } from 'undici';
import { Child } from '../spec/support/child.ts';
import type { HttpRequest, Settings } from './group.ts';

const SERVER = new URL('./server.ts', import.meta.url);
const CONNECTIONS = 32;

/** The process that holds all variants of a group, each at a port of its own. */
export class ServerProcess {
  readonly #child: Child;
  readonly #pools = new Map<string, Pool>();

  static async start(group: string, settings: Settings): Promise<ServerProcess> {
    const child = new Child(SERVER, [group, JSON.stringify(settings)]);
    return new ServerProcess(child, (await child.answer()) as Record<string, number>);
  }

  private constructor(child: Child, ports: Readonly<Record<string, number>>) {
    this.#child = child;
    for (const [variant, port] of Object.entries(ports)) {
      const pool = new Pool(`http://127.0.0.1:${port}`, { connections: CONNECTIONS });
      this.#pools.set(variant, pool);
    }
  }

  /** The time of all threads until now, in microseconds. */
  async cpuTime(): Promise<number> {
    const { user, system } = (await this.#child.ask({})) as NodeJS.CpuUsage;
    return user + system;
  }

  /** Sends all, as many at a time as there are connections. */
  async send(variant: string, requests: readonly HttpRequest[]): Promise<void> {
    await Promise.all(requests.map((request) => this.#send(variant, request)));
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
