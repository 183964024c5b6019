import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** A process for measurements, as in production, which answers one question at a time. */
export class Child {
  readonly #process: ChildProcess;
  readonly #end: Promise<never>;

  constructor(file: URL, args: readonly string[] = [], nodeOptions: readonly string[] = []) {
    this.#process = fork(file, args, {
      execArgv: [...process.execArgv, ...nodeOptions],
      env: { ...process.env, NODE_ENV: 'production' },
    });
    this.#end = once(this.#process, 'exit').then(() => {
      throw new Error(`${[file.pathname, ...args].join(' ')} ended`);
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
