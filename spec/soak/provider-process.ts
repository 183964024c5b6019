import { Child } from '../support/child.ts';
import type { ProviderOrder } from './provider.ts';

/** The provider, which is told one thing after the other. */
export class ProviderProcess {
  readonly issuer: string;
  readonly #child: Child;
  #last: Promise<unknown> = Promise.resolve();

  static async start(): Promise<ProviderProcess> {
    const child = new Child(new URL('./provider.ts', import.meta.url));
    return new ProviderProcess(child, (await child.answer()) as string);
  }

  private constructor(child: Child, issuer: string) {
    this.#child = child;
    this.issuer = issuer;
  }

  /** Answers how many connections the provider has. */
  async tell(order: ProviderOrder): Promise<number> {
    this.#last = this.#last.then(() => this.#child.ask(order));
    return (await this.#last) as number;
  }

  stop(): Promise<void> {
    return this.#child.stop();
  }
}
