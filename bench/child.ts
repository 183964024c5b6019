import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A process of the bench, which answers one question at a time. */
export class Child {
  readonly #process: ChildProcess;
  readonly #end: Promise<never>;

  constructor(file: string, args: readonly string[] = [], nodeOptions: readonly string[] = []) {
    this.#process = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
      execArgv: [...process.execArgv, ...nodeOptions],
      env: { ...process.env, NODE_ENV: 'production' },
    });
    this.#end = once(this.#process, 'exit').then(() => {
      throw new Error(`${[file, ...args].join(' ')} ended`);
    });
    this.#end.catch(() => undefined);
  }

  async answer(): Promise<unknown> {
    const message = once(this.#process, 'message') as Promise<[unknown]>;
    const [answer] = await Promise.race([message, this.#end]);
    return answer;
  }

  async ask(question: object): Promise<unknown> {
    const answer = this.answer();
    this.#process.send(question);
    return answer;
  }

  /** Ends the process by closing its channel; it sees that as its sign to go. */
  async stop(): Promise<void> {
    if (this.#process.connected) this.#process.disconnect();
    await this.#end.catch(() => undefined);
  }
}
