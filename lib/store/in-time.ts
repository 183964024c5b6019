/**
 * Settles as `work` does, or as `late` where the span ends first. A blocked event loop counts as at
 * most half of the span. An answer that arrived before the end wins.
 */
export async function inTime<T>(spanMs: number, work: () => Promise<T>, late: () => T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<void>((resolve) => {
    const passHalf = () => {
      timer = setTimeout(() => setImmediate(resolve), spanMs / 2);
    };
    timer = setTimeout(passHalf, spanMs / 2);
  });
  try {
    return await Promise.race([work(), passed.then(late)]);
  } finally {
    clearTimeout(timer);
  }
}
