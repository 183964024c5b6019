import { Child } from './child.ts';
import type { Settings } from './settings.ts';

/** What a server has used since its start. */
export interface Usage {
  /** Microseconds of all its threads. */
  readonly cpu: number;
  /** Bytes, at this moment. */
  readonly memory: number;
}

/** A process that serves one variant and nothing else. */
export class ServerProcess {
  readonly url: string;
  readonly #child: Child;

  static async start(
    variant: string,
    settings: Settings,
    nodeOptions: readonly string[] = [],
  ): Promise<ServerProcess> {
    const child = new Child('./server.ts', [variant, JSON.stringify(settings)], nodeOptions);
    return new ServerProcess(child, (await child.answer()) as number);
  }

  private constructor(child: Child, port: number) {
    this.#child = child;
    this.url = `http://127.0.0.1:${port}`;
  }

  async usage(): Promise<Usage> {
    return (await this.#child.ask({})) as Usage;
  }

  stop(): Promise<void> {
    return this.#child.stop();
  }
}
