// The most that every store can count.
const MOST_SECONDS = 2 ** 31 - 1;

/** `time` is in seconds since the epoch. */
export function secondsUntil(time: number): number {
  const left = Math.ceil(time - Date.now() / 1000);
  return Math.min(Math.max(1, left), MOST_SECONDS);
}
