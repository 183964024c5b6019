import { parseArgs } from 'node:util';

/** What was asked for on the command line. */
export interface CommandLine {
  /** Names of groups; none = all. */
  readonly groups: readonly string[];
  /** Names of variants; none = all. */
  readonly variants: readonly string[];
  readonly quick: boolean;
  readonly huge: boolean;
  readonly cpuProfile: boolean;
  readonly rounds: number | undefined;
}

export function readCommandLine(args: readonly string[]): CommandLine {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      variants: { type: 'string' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      huge: { type: 'boolean', default: false },
      'cpu-prof': { type: 'boolean', default: false },
    },
  });
  return {
    groups: positionals,
    variants: values.variants?.split(',') ?? [],
    quick: values.quick,
    huge: values.huge,
    cpuProfile: values['cpu-prof'],
    rounds: values.rounds === undefined ? undefined : Number(values.rounds),
  };
}
