import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Request, Response } from 'express';
import { errorOf, isInstance } from '../input/app-function.ts';
import { HttpError } from '../errors.ts';
import type { Next } from './middleware.ts';

export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly next: Next;
}

export interface EndRules {
  /** For a thrown value that is no Error. */
  readonly name: string;
  /** Without this, errors with a status go to `next` too. */
  readonly sendError?: SendError | undefined;
  /** Called with the error before the answer. */
  readonly onRefusal?: ((error: HttpError) => void) | undefined;
}

export type SendError = (error: HttpError, req: Request, res: Response) => void;

/**
 * A request ends here, once: by an answer, by `next()`, or by an error. After another middleware's
 * answer nothing is written or called.
 */
export class RequestEnd {
  readonly #exchange: Exchange;
  readonly #rules: EndRules;
  #isOver = false;

  constructor(exchange: Exchange, rules: EndRules) {
    this.#exchange = exchange;
    this.#rules = rules;
  }

  /** In this turn if possible. Never rejects. */
  run(work: () => Promise<void> | undefined): Promise<void> | undefined {
    try {
      return work()?.catch((error: unknown) => {
        this.fail(error);
      });
    } catch (error) {
      this.fail(error);
      return undefined;
    }
  }

  answer(write: () => void): void {
    if (this.#isFirst()) this.#write(write);
  }

  #write(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#handOver(error);
    }
  }

  pass(): void {
    if (this.#isFirst()) this.#goOn();
  }

  fail(error: unknown): void {
    if (!this.#isFirst()) return;
    const { onRefusal, sendError } = this.#rules;
    const isRefusal = isInstance(error, HttpError);
    if (isRefusal) onRefusal?.(error);
    if (!isRefusal || sendError === undefined) {
      this.#handOver(error);
      return;
    }
    const { req, res } = this.#exchange;
    this.#write(() => {
      sendError(error, req as Request, res as Response);
    });
  }

  #isFirst(): boolean {
    const isFirst = !this.#isOver && !this.#exchange.res.headersSent;
    this.#isOver = true;
    return isFirst;
  }

  // Express ignores a falsy error, and takes `'route'` and `'router'` as directions.
  #handOver(error: unknown): void {
    if (!this.#exchange.res.headersSent) this.#goOn(errorOf(error, this.#rules.name));
  }

  /** A failure of the next handler is no failure of this request's work. */
  #goOn(...error: [] | [Error]): void {
    const { next } = this.#exchange;
    try {
      next(...error);
    } catch (thrown) {
      process.nextTick(() => {
        throw thrown as Error;
      });
    }
  }
}
