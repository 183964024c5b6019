/**
 * The end of a span, for work of one's own process to be raced against. What the event loop was blocked for
 * counts as half of the span at most, and what has arrived by then counts before the end does.
 */
export class Deadline {
  readonly passed: Promise<void>;
  #timer: NodeJS.Timeout | undefined;

  constructor(spanMs: number) {
    this.passed = new Promise((resolve) => {
      const passHalf = () => {
        this.#timer = setTimeout(() => setImmediate(resolve), spanMs / 2);
      };
      this.#timer = setTimeout(passHalf, spanMs / 2);
    });
  }

  cancel(): void {
    clearTimeout(this.#timer);
  }
}
