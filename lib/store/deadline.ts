/**
 * Settles as `work` does, or as `late` where the span ends first. A blocked event loop counts as at
 * most half of the span. An answer that arrived before the end wins.
 */
export function inTime<T>(work: Promise<T>, spanMs: number, late: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = () => {
      resolve(Promise.resolve().then(late));
    };
    const passHalf = () => {
      timer = setTimeout(() => setImmediate(end), spanMs / 2);
    };
    let timer = setTimeout(passHalf, spanMs / 2);
    work.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error as Error);
      },
    );
  });
}
