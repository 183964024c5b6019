import type { NextFunction, Request, Response } from 'express';
import { errorOf, isInstance } from '../input/app-function.ts';
import { HttpError } from '../errors.ts';

/** A request, its answer, and who comes next. */
export interface Exchange {
  readonly req: Request;
  readonly res: Response;
  readonly next: NextFunction;
}

export interface EndRules {
  /** What an error names that has no better name. */
  readonly name: string;
  /** Answers an error of this package. */
  readonly sendError: (error: HttpError, req: Request, res: Response) => void;
}

/**
 * The one place where a request ends, and ends once: by an answer, by leaving it to who comes next, or by an
 * error. Where another middleware has answered meanwhile, nothing is written and nobody comes next.
 */
export class RequestEnd {
  readonly #exchange: Exchange;
  readonly #rules: EndRules;
  #isOver = false;

  constructor(exchange: Exchange, rules: EndRules) {
    this.#exchange = exchange;
    this.#rules = rules;
  }

  /** Does the work, in this turn where it can, and ends the request with what fails of it. Never rejects. */
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
    if (!this.#isFirst()) return;
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
    const { req, res } = this.#exchange;
    if (isInstance(error, HttpError)) {
      this.answer(() => {
        this.#rules.sendError(error, req, res);
      });
    } else if (this.#isFirst()) this.#handOver(error);
  }

  #isFirst(): boolean {
    const isFirst = !this.#isOver && !this.#exchange.res.headersSent;
    this.#isOver = true;
    return isFirst;
  }

  // Express takes a falsy error for none, and two words for a way on.
  #handOver(error: unknown): void {
    if (!this.#exchange.res.headersSent) this.#goOn(errorOf(error, this.#rules.name));
  }

  /** What fails in who comes next is neither a failure of this request's work nor a rejection. */
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
