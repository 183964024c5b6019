/**
 * The end of a span, to be raced against work of this process. A blocked event loop counts as at
 * most half of the span. An answer that arrived before the end wins.
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
