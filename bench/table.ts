import type { Measurement } from './measurement.ts';

type Row = readonly [name: string, ...figures: string[]];

/** A table in Markdown; all columns but the first hold figures. */
export function table(head: Row, rows: readonly Row[]): string {
  const rule = head.map((_, index) => (index === 0 ? '---' : '---:'));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

export const COSTS = ['CPU per request', 'requests/s', 'p50', 'p99'] as const;

export function costs({ cpu, requestsPerSecond, p50, p99 }: Measurement): string[] {
  const latencies = [p50, p99].map((value) => `${value.toFixed(1)} ms`);
  return [microseconds(cpu), requestsPerSecond.toFixed(0), ...latencies];
}

export function microseconds(value: number): string {
  return `${value.toFixed(1)} µs`;
}
