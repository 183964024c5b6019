/** Bytes, of what a collection leaves; the process was started with `--expose-gc`. */
export function heapUsed(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
